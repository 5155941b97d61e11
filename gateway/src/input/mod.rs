//! The rules for text and ids that a client sends, in addition to those of the crate `chat`.
//!
//! They apply to new requests alone. The persister and the broadcaster accept everything that older
//! gateways accepted.
//!
//! - [`NewContent`], [`NewName`], [`NewSenderId`]: text with a visible character.
//! - [`NewFileName`]: the name of a file.
//! - [`NewBodies`]: the texts of a canned reply.
//! - [`NewPlayerId`]: an id that a URL's path can contain.
//! - [`NewTeam`], [`NewTag`]: names of lower-case letters, digits and hyphens.
//! - `characters`: the Unicode properties that these rules use.

mod bodies;
mod characters;
mod file_name;
mod player_id;
mod slug;
mod text;

pub use bodies::NewBodies;
pub use file_name::NewFileName;
pub use player_id::NewPlayerId;
pub use slug::{NewTag, NewTeam};
pub use text::{NewContent, NewName, NewSenderId, display_name};
