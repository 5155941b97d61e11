use std::sync::Arc;

use chat::{SenderId, SenderType};

use super::{LimitSettings, rate::Rate};
use crate::{
    auth::{Caller, Sender},
    problem::Problem,
};

/// What one sender may send.
#[derive(Clone, Debug)]
pub struct SenderLimit {
    players: Option<Arc<Rate<Key>>>,
    staff: Option<Arc<Rate<Key>>>,
}

/// Staff of a portal that vouches for what it sends need not have an id.
type Key = Option<SenderId>;

impl SenderLimit {
    /// As the settings want it.
    pub fn new(settings: &LimitSettings) -> Self {
        Self {
            players: Rate::new(settings.sender_limit, settings.sender_burst),
            staff: Rate::new(settings.staff_sender_limit, settings.staff_sender_burst),
        }
    }

    /// Counts a message.
    ///
    /// # Errors
    /// When that is one too many.
    pub fn check(&self, sender: &Sender) -> Result<(), Problem> {
        self.count(sender.sender_type, sender.sender_id.clone())
    }

    /// Counts a change of a session's status. Who asks for it is not known where the portal in front
    /// knows it alone.
    ///
    /// # Errors
    /// When that is one too many.
    pub fn check_caller(&self, caller: &Caller) -> Result<(), Problem> {
        match caller {
            Caller::Trusted => Ok(()),
            Caller::Player { id, .. } => self.count(SenderType::Player, Some(id.clone().into())),
            Caller::Staff { id, .. } => self.count(SenderType::Staff, Some(id.clone())),
        }
    }

    fn count(&self, sender: SenderType, key: Key) -> Result<(), Problem> {
        let rate = match sender {
            SenderType::Player => &self.players,
            SenderType::Staff => &self.staff,
        };
        match rate {
            Some(rate) => rate.count(&key).map_err(Problem::TooManyCalls),
            None => Ok(()),
        }
    }
}
