//! What all calls have in common.

mod body;
mod client_id;
mod count;
mod headers;
mod leave;
mod origins;
mod parameters;
mod problem;
mod reject;

pub use body::{BODY_LIMIT, Body, BodyPatience};
pub use client_id::ClientId;
pub use count::count_requests;
pub use headers::{calls_from, for_browsers, for_the_description, not_for_caches};
pub use leave::ask_to_leave;
pub use origins::{Origin, Origins};
pub use parameters::{Form, Parameters, PathPlayer};
pub use problem::{Problem, ProblemBody, not_found};
