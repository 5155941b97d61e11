use chat::{Name, PlayerId, Reader, SenderId, SenderType, Team};

use super::StaffProfile;
use crate::problem::Problem;

/// The authenticated principal of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// With `AUTH_MODE=off`: the portal in front of the gateway has authenticated the client, and
    /// the request is trusted.
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
        /// What else the token says.
        profile: StaffProfile,
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

/// The member of the staff who changes something, as the change names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// The portal's id for them. Without tokens the portal may leave it out.
    pub id: Option<SenderId>,
    /// The display name.
    pub name: Option<Name>,
}

impl Actor {
    /// The actor that a body claims.
    pub fn claimed(id: Option<impl Into<SenderId>>, name: Option<impl Into<Name>>) -> Self {
        Self { id: id.map(Into::into), name: name.map(Into::into) }
    }
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
            (Self::Staff { id, name, .. }, SenderType::Staff) => {
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

    /// Checks that the caller may upload files to this player's conversation.
    ///
    /// # Errors
    /// When the caller is another player.
    pub fn authorize_upload(&self, player: &PlayerId) -> Result<(), Problem> {
        match self {
            Self::Trusted | Self::Staff { .. } => Ok(()),
            Self::Player { id, .. } if id == player => Ok(()),
            Self::Player { .. } => {
                Err(Problem::Forbidden("a player may only upload to their own conversation"))
            }
        }
    }

    /// The reader who marks messages of this player's conversation: the caller. Without a token it is
    /// the member of the staff `claimed`, or else the player.
    ///
    /// # Errors
    /// When the caller is another player.
    pub fn authorize_reader(
        &self,
        player: &PlayerId,
        claimed: Option<SenderId>,
    ) -> Result<Reader, Problem> {
        match self {
            Self::Trusted => Ok(claimed.map_or(Reader::Player, Reader::Staff)),
            Self::Staff { id, .. } => Ok(Reader::Staff(id.clone())),
            Self::Player { id, .. } if id == player => Ok(Reader::Player),
            Self::Player { .. } => {
                Err(Problem::Forbidden("a player may only mark messages of their own conversation"))
            }
        }
    }

    /// The member of the staff who acts: the caller. Without a token it is `claimed`.
    ///
    /// # Errors
    /// When the caller is a player.
    pub fn authorize_actor(&self, claimed: Actor) -> Result<Actor, Problem> {
        self.require_staff()?;
        Ok(match self {
            Self::Trusted => claimed,
            Self::Staff { id, name, .. } => Actor { id: Some(id.clone()), name: name.clone() },
            Self::Player { .. } => Actor::default(),
        })
    }

    /// Checks that the caller leads others.
    ///
    /// # Errors
    /// When the caller is a player, or a member of the staff without the claim `lead`.
    pub fn require_lead(&self) -> Result<(), Problem> {
        match self {
            Self::Staff { profile, .. } if !profile.is_lead => {
                Err(Problem::Forbidden("only a lead may do this: the token lacks the claim lead"))
            }
            _ => self.require_staff(),
        }
    }

    /// The teams of a member of the staff who may only read the conversations of these; `None` for
    /// callers whom no team restricts.
    pub fn restricting_teams(&self) -> Option<&[Team]> {
        match self {
            Self::Staff { profile, .. } if !profile.is_lead => Some(&profile.teams),
            _ => None,
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
