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

pub use body::{BODY_LIMIT, Body, BodyTimeout};
pub use client_id::ClientId;
pub use count::count_requests;
pub use head::head_as_get;
pub use headers::{Pages, cors, docs_csp, no_store, security_headers};
pub use leave::close_on_drain;
pub use origins::{Origin, Origins};
pub use parameters::{Form, Parameters, PathPlayer, by_name};
pub use problem::{NotAccepted, Problem, ProblemBody, not_found};
