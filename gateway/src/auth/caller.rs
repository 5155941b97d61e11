use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use chat::{Name, PlayerId, SenderId, SenderType};

use super::{AuthError, Authenticator, BadToken};
use crate::problem::Problem;

/// The authenticated principal of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// With `AUTH_MODE=off`: the portal in front of the gateway has authenticated the client, and what it
    /// sends is believed.
    Trusted,
    /// A player.
    Player {
        /// The id of the player and of their conversation.
        id: PlayerId,
        /// The display name.
        name: Option<Name>,
    },
    /// A member of the staff.
    Staff {
        /// The portal's id for them.
        id: SenderId,
        /// The display name.
        name: Option<Name>,
    },
}

/// The sender of a message, and the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The player whose conversation it is.
    pub player_id: PlayerId,
    /// The player's display name.
    pub player_name: Option<Name>,
    /// Player or staff.
    pub sender_type: SenderType,
    /// The portal's id for the sender.
    pub sender_id: Option<SenderId>,
    /// The sender's display name.
    pub sender_name: Option<Name>,
}

impl Caller {
    /// The sender of a message whose body claims to be from `claimed`. Ids and names come from the
    /// caller's token, not from the body.
    ///
    /// # Errors
    /// When the caller may not send as the claimed sender.
    pub fn authorize_sender(&self, claimed: Sender) -> Result<Sender, Problem> {
        match (self, claimed.sender_type) {
            (Self::Trusted, SenderType::Player) => Ok(Sender {
                sender_id: Some(SenderId::from(claimed.player_id.clone())),
                sender_name: claimed.sender_name.or_else(|| claimed.player_name.clone()),
                ..claimed
            }),
            (Self::Trusted, SenderType::Staff) => Ok(claimed),
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
            (Self::Player { .. }, _) => Err(Problem::Forbidden(
                "a player may only send as that player, in their own conversation",
            )),
            (Self::Staff { .. }, SenderType::Player) => {
                Err(Problem::Forbidden("staff may only send with senderType staff"))
            }
        }
    }

    /// Checks that the caller may read this player's conversation, or subscribe to its channels.
    ///
    /// # Errors
    /// When the caller is another player.
    pub fn authorize_read(&self, player: &PlayerId) -> Result<(), Problem> {
        match self {
            Self::Trusted | Self::Staff { .. } => Ok(()),
            Self::Player { id, .. } if id == player => Ok(()),
            Self::Player { .. } => {
                Err(Problem::Forbidden("a player may only read their own conversation"))
            }
        }
    }

    /// Checks that the caller is staff.
    ///
    /// # Errors
    /// When the caller is a player.
    pub fn require_staff(&self) -> Result<(), Problem> {
        match self {
            Self::Trusted | Self::Staff { .. } => Ok(()),
            Self::Player { .. } => Err(Problem::Forbidden("only staff may do this")),
        }
    }
}

/// Rejects the request when it is not authenticated.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6750#section-2.1>.
impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(authenticator) = request.app_data::<web::Data<Authenticator>>() else {
            tracing::error!("a route has no authenticator");
            return ready(Err(Problem::Internal));
        };
        let caller = bearer(request).and_then(|token| authenticator.authenticate(token));
        ready(caller.map_err(Problem::from))
    }
}

fn bearer(request: &HttpRequest) -> Result<Option<&str>, AuthError> {
    let Some(header) = request.headers().get(header::AUTHORIZATION) else { return Ok(None) };
    let header = header.to_str().map_err(|_| BadToken::Unreadable)?;
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Ok(None),
    }
}
