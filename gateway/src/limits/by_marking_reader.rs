use std::sync::Arc;

use chat::{PlayerId, Reader, SenderId, SenderType};

use super::{LimitSettings, rate::Rate};
use crate::problem::Problem;

/// The rate limit of each reader's marks.
#[derive(Clone, Debug)]
pub struct ReadMarkLimit(Option<Arc<Rate<Key>>>);

/// A player and a member of the staff can have the same id.
type Key = (SenderType, SenderId);

impl ReadMarkLimit {
    /// Applies the settings.
    pub fn new(settings: &LimitSettings) -> Self {
        Self(Rate::new(settings.read_mark_limit, settings.read_mark_burst))
    }

    /// Counts a mark of `reader` in the conversation of `player`.
    ///
    /// # Errors
    /// When the reader exceeds their rate limit.
    pub fn check(&self, reader: &Reader, player: &PlayerId) -> Result<(), Problem> {
        let Some(rate) = &self.0 else { return Ok(()) };
        let key = match reader {
            Reader::Player => (SenderType::Player, player.clone().into()),
            Reader::Staff(id) => (SenderType::Staff, id.clone()),
        };
        rate.count(&key).map_err(Problem::TooManyCalls)
    }
}
