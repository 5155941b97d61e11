//! What all calls have in common.

mod body;
mod client_id;
mod count;
mod head;
mod headers;
mod leave;
mod origins;
mod parameters;
mod problem;
mod reject;

pub use body::{BODY_LIMIT, Body, BodyPatience};
pub use client_id::ClientId;
pub use count::count_requests;
pub use head::head_as_get;
pub use headers::{Pages, calls_from, for_browsers, for_the_description, not_for_caches};
pub use leave::ask_to_leave;
pub use origins::{Origin, Origins};
pub use parameters::{Form, Parameters, PathPlayer, by_name};
pub use problem::{NotAccepted, Problem, ProblemBody, not_found};
