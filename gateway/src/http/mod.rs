//! Extractors: callers, bodies, forms, query parameters.

mod body;
mod caller;
mod client_id;
mod parameters;
mod reject;

pub use body::Body;
pub use client_id::ClientId;
pub use parameters::{Form, Parameters, PathPlayer, by_name};
