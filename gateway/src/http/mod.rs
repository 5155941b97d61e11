//! Extractors: bodies, forms, query parameters.

mod body;
mod client_id;
mod parameters;
mod reject;

pub use body::{Body, BodyTimeout};
pub use client_id::ClientId;
pub use parameters::{Form, Parameters, PathPlayer, by_name};
