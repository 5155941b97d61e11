//! What all calls have in common.

mod body;
mod client_id;
mod leave;
mod parameters;
mod problem;
mod reject;

pub use body::{BODY_LIMIT, Body};
pub use client_id::ClientId;
pub use leave::ask_to_leave;
pub use parameters::{Form, Parameters, PathPlayer};
pub use problem::{Problem, ProblemBody};
