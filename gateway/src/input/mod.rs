//! The rules for text and ids that a client sends, in addition to those of the crate `chat`.
//!
//! They apply to new requests alone. The persister and the broadcaster accept everything that older
//! gateways accepted.
//!
//! - [`NewContent`], [`NewName`], [`NewSenderId`]: text with a visible character.
//! - [`NewPlayerId`]: an id that a URL's path can contain.
//! - `characters`: the Unicode properties that these rules use.

mod characters;
mod player_id;
mod text;

pub use player_id::NewPlayerId;
pub use text::{NewContent, NewName, NewSenderId, display_name};
