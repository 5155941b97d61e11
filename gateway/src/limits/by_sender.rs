use std::sync::Arc;

use chat::{SenderId, SenderType};

use super::{LimitSettings, rate::Rate};
use crate::{
    auth::{Caller, Sender},
    problem::Problem,
};

/// The rate limit of each sender.
#[derive(Clone, Debug)]
pub struct SenderLimit {
    players: Option<Arc<Rate<Key>>>,
    staff: Option<Arc<Rate<Key>>>,
}

/// With `AUTH_MODE=off`, staff need not have an id.
type Key = Option<SenderId>;

impl SenderLimit {
    /// Applies the settings.
    pub fn new(settings: &LimitSettings) -> Self {
        Self {
            players: Rate::new(settings.sender_limit, settings.sender_burst),
            staff: Rate::new(settings.staff_sender_limit, settings.staff_sender_burst),
        }
    }

    /// Counts a message.
    ///
    /// # Errors
    /// When the sender exceeds its rate limit.
    pub fn check(&self, sender: &Sender) -> Result<(), Problem> {
        self.count(sender.sender_type, sender.sender_id.clone())
    }

    /// Counts a change of a session's status. With `AUTH_MODE=off` the caller is unknown and not
    /// limited.
    ///
    /// # Errors
    /// When the sender exceeds its rate limit.
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
