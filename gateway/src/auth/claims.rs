use chat::{Name, PlayerId, SenderId, ValidationError};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::Caller;
use crate::input::{NewPlayerId, NewSenderId, display_name};

/// What a token says of its bearer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    /// The player's id, or what the portal knows a member of the staff by.
    pub(super) sub: String,
    pub(super) role: Role,
    #[serde(default, deserialize_with = "lenient_name", skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Name>,
}

/// What a caller is to the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sends, reads and listens to one conversation: its own
    Player,
    /// Does so in every conversation, and reads the inbox
    Staff,
}

/// Reads a name, which is for show: one that is no text, or has none that can be shown, is as good as
/// none, and one that is too long is cut. The token's bearer cannot change it.
fn lenient_name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Name>, D::Error> {
    let name = Value::deserialize(from)?;
    Ok(name.as_str().and_then(display_name))
}

impl TryFrom<Claims> for Caller {
    type Error = ValidationError;

    fn try_from(claims: Claims) -> Result<Self, ValidationError> {
        let Claims { sub, role, name } = claims;
        Ok(match role {
            Role::Player => Self::Player { id: PlayerId::from(NewPlayerId::try_from(sub)?), name },
            Role::Staff => Self::Staff { id: SenderId::from(NewSenderId::try_from(sub)?), name },
        })
    }
}
