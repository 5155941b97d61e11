use serde::{Deserialize, Serialize};
use shared::chat::{Invalid, Name, PlayerId, SenderId};

use super::Caller;

/// What a token says of its bearer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    /// The player's id, or what the portal knows a member of the staff by.
    pub(super) sub: String,
    pub(super) role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

impl TryFrom<Claims> for Caller {
    type Error = Invalid;

    fn try_from(claims: Claims) -> Result<Self, Invalid> {
        let Claims { sub, role, name } = claims;
        Ok(match role {
            Role::Player => Self::Player { id: PlayerId::try_from(sub)?, name },
            Role::Staff => Self::Staff { id: SenderId::try_from(sub)?, name },
        })
    }
}
