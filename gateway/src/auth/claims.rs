use chat::{Name, PlayerId, SenderId, ValidationError};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::Caller;
use crate::input::{NewPlayerId, NewSenderId, display_name};

/// The claims of a token.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    /// The player's id, or the portal's id for a member of the staff.
    pub(super) sub: String,
    pub(super) role: Role,
    #[serde(default, deserialize_with = "lenient_name", skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Name>,
}

/// The role of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sends, reads and subscribes to the player's own conversation
    Player,
    /// Does so in every conversation, reads the inbox, and changes the status of sessions
    Staff,
}

/// Reads a display name leniently, since the token's bearer cannot correct it: one that is not
/// text, or has no visible character, is ignored, and one that is too long is cut.
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
