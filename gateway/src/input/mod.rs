//! What the gateway takes from a client: the chat's own types, and rules besides.
//!
//! These rules are the gateway's alone. What an older gateway accepted stays readable for the persister
//! and the broadcaster, whatever becomes a rule here.
//!
//! - [`NewContent`], [`NewName`], [`NewSenderId`]: text that shows something.
//! - [`NewPlayerId`]: a player that an address can name.
//! - [`characters`]: what the text of a message or a name may be made of.

mod characters;
mod player_id;
mod text;

pub use player_id::NewPlayerId;
pub use text::{NewContent, NewName, NewSenderId, display_name};
