//! Extractors: callers, bodies, forms, query parameters, languages, the team's desk.

mod body;
mod caller;
mod client_id;
mod language;
mod name_based_uuid;
mod parameters;
mod reject;
mod team_desk;

pub use body::Body;
pub use client_id::ClientId;
pub use language::preferred_language;
pub use name_based_uuid::name_based_uuid;
pub use parameters::{Form, Parameters, PathId, PathPlayer, by_name};
pub use team_desk::OpenDesk;
