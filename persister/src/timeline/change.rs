use chat::{Name, RequestedStatus, SenderId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Session;

/// A status change, with what it names and who asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its id.
    pub id: Uuid,
    /// What the session shall become.
    pub status: RequestedStatus,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
    /// The session that its author saw, if it names one.
    pub session_id: Option<Uuid>,
    /// The highest `seq` that its author saw, if it names one.
    pub last_seq: Option<i64>,
    /// Who asked for it.
    pub actor: Actor,
}

/// The member of the staff who asked for a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// What the portal knows them by.
    pub id: Option<SenderId>,
    /// Their name.
    pub name: Option<Name>,
}

/// A change that has no effect, or no longer one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ineffective {
    /// Its id.
    pub change_id: Uuid,
    /// The session whose state tells its author so. Without one it is the conversation's latest.
    pub session_id: Option<Uuid>,
}

impl Change {
    /// Whether it says what its author saw. One that does not acts on the session that was open when
    /// it was accepted.
    pub fn is_named(&self) -> bool {
        self.session_id.is_some() || self.last_seq.is_some()
    }

    /// Whether its author saw each message of the player that is known of `session` and was accepted
    /// until the change was. One that names a `seq` saw what has no higher one, in whichever session
    /// that is by now; one that names a session alone saw that session.
    pub(super) fn covers(&self, session: &Session) -> bool {
        match self.last_seq {
            Some(last_seq) => !session.has_player_message_after(last_seq, self.accepted_at),
            None => self.session_id.is_none_or(|id| id == session.state.id),
        }
    }
}
