use std::sync::Arc;

use shared::chat::{SenderId, SenderType};

use super::{LimitSettings, rate::Rate};
use crate::{
    auth::{Caller, Sender},
    http::Problem,
};

/// What one sender may send.
#[derive(Clone, Debug)]
pub struct SenderLimit(Option<Arc<Rate<Key>>>);

/// A player and a member of the staff can have the same id.
type Key = (SenderType, Option<SenderId>);

impl SenderLimit {
    /// As the settings want it.
    pub fn new(settings: &LimitSettings) -> Self {
        Self(Rate::new(settings.sender_limit, settings.sender_burst))
    }

    /// Counts a message.
    ///
    /// # Errors
    /// When that is one too many.
    pub fn count_message(&self, sender: &Sender) -> Result<(), Problem> {
        self.count((sender.sender_type, sender.sender_id.clone()))
    }

    /// Counts a change of a session's status. Who asks for it is not known where the portal in front
    /// knows it alone.
    ///
    /// # Errors
    /// When that is one too many.
    pub fn count_change(&self, caller: &Caller) -> Result<(), Problem> {
        match caller {
            Caller::Vouched => Ok(()),
            Caller::Player { id, .. } => self.count((SenderType::Player, Some(id.clone().into()))),
            Caller::Staff { id, .. } => self.count((SenderType::Staff, Some(id.clone()))),
        }
    }

    fn count(&self, key: Key) -> Result<(), Problem> {
        match &self.0 {
            Some(rate) => rate.count(&key).map_err(Problem::TooManyCalls),
            None => Ok(()),
        }
    }
}
