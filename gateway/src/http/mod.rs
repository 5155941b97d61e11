//! Extractors: callers, bodies, files, forms, query parameters, languages, the team's desk, attachments; and
//! headers of files.

mod attachments;
mod body;
mod caller;
mod client_id;
mod content_disposition;
mod file_body;
mod language;
mod name_based_uuid;
mod parameters;
mod range;
mod reject;
mod team_desk;

pub use attachments::OpenAttachments;
pub use body::Body;
pub use client_id::ClientId;
pub use content_disposition::content_disposition;
pub use file_body::FileBody;
pub use language::preferred_language;
pub use name_based_uuid::name_based_uuid;
pub use parameters::{Form, Parameters, PathAttachment, PathId, PathPlayer, by_name};
pub use range::{bytes_in_range, single_range};
pub use team_desk::OpenDesk;
