use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use shared::chat::{Name, PlayerId, SenderId, SenderType};

use super::{BadToken, Doors, Refusal};
use crate::http::Problem;

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Whoever the portal in front of the gateway let through: it vouches for what is sent.
    Vouched,
    /// A player.
    Player {
        /// Its id, which is its conversation's as well.
        id: PlayerId,
        /// What it is called.
        name: Option<Name>,
    },
    /// A member of the staff.
    Staff {
        /// What the portal knows them by.
        id: SenderId,
        /// What they are called.
        name: Option<Name>,
    },
}

/// Who sends a message, and in whose conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Whose conversation it is.
    pub player_id: PlayerId,
    /// What the player is called.
    pub player_name: Option<Name>,
    /// Who of the two sends.
    pub sender_type: SenderType,
    /// Who sends, as the portal knows them.
    pub sender_id: Option<SenderId>,
    /// What the sender is called.
    pub sender_name: Option<Name>,
}

impl Caller {
    /// The sender that this caller is, where a message's body claims that it is `claimed`. The
    /// caller's token says who that is and what they are called, and not the body.
    ///
    /// # Errors
    /// When the caller is not who it claims to be.
    pub fn sends_as(&self, claimed: Sender) -> Result<Sender, Problem> {
        match (self, claimed.sender_type) {
            (Self::Vouched, SenderType::Player) => Ok(Sender {
                sender_id: Some(SenderId::from(claimed.player_id.clone())),
                sender_name: claimed.sender_name.or_else(|| claimed.player_name.clone()),
                ..claimed
            }),
            (Self::Vouched, SenderType::Staff) => Ok(claimed),
            (Self::Player { id, name }, SenderType::Player) if *id == claimed.player_id => {
                Ok(Sender {
                    player_name: name.clone(),
                    sender_id: Some(SenderId::from(id.clone())),
                    sender_name: name.clone(),
                    ..claimed
                })
            }
            (Self::Staff { id, name }, SenderType::Staff) => {
                Ok(Sender {
                    // Only the player's own token names the player.
                    player_name: None,
                    sender_id: Some(id.clone()),
                    sender_name: name.clone(),
                    ..claimed
                })
            }
            (Self::Player { .. }, _) => {
                Err(Problem::Forbidden("a player sends as a player, in its own conversation"))
            }
            (Self::Staff { .. }, SenderType::Player) => {
                Err(Problem::Forbidden("staff sends as staff"))
            }
        }
    }

    /// That the caller may read what is said with `player`, or listen to it.
    ///
    /// # Errors
    /// When it may not.
    pub fn follows(&self, player: &PlayerId) -> Result<(), Problem> {
        match self {
            Self::Vouched | Self::Staff { .. } => Ok(()),
            Self::Player { id, .. } if id == player => Ok(()),
            Self::Player { .. } => {
                Err(Problem::Forbidden("a player follows its own conversation alone"))
            }
        }
    }

    /// That the caller may do what only staff does.
    ///
    /// # Errors
    /// When it may not.
    pub fn is_staff(&self) -> Result<(), Problem> {
        match self {
            Self::Vouched | Self::Staff { .. } => Ok(()),
            Self::Player { .. } => Err(Problem::Forbidden("this is for staff")),
        }
    }
}

/// The caller of a request; one that cannot be anybody is refused.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6750#section-2.1>.
impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(doors) = request.app_data::<web::Data<Doors>>() else {
            tracing::error!("a call was set up without doors");
            return ready(Err(Problem::Internal));
        };
        let token = bearer(request);
        ready(token.and_then(|token| doors.admit(token)).map_err(Problem::Unauthenticated))
    }
}

fn bearer(request: &HttpRequest) -> Result<Option<&str>, Refusal> {
    let Some(header) = request.headers().get(header::AUTHORIZATION) else { return Ok(None) };
    let header = header.to_str().map_err(|_| BadToken::Unreadable)?;
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Ok(None),
    }
}
