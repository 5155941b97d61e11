use std::{num::NonZeroU32, sync::Arc};

use chat::{SenderId, SenderType};

use super::{LimitSettings, rate::Rate};
use crate::{auth::Caller, problem::Problem};

/// Entries of a page that count as one read.
const ENTRIES: i64 = 50;

/// The rate limit of each reader.
#[derive(Clone, Debug)]
pub struct ReaderLimit(Option<Arc<Rate<Key>>>);

/// A player and a member of the staff can have the same id.
type Key = (SenderType, SenderId);

impl ReaderLimit {
    /// Applies the settings.
    pub fn new(settings: &LimitSettings) -> Self {
        Self(Rate::new(settings.reader_limit, settings.reader_burst))
    }

    /// Counts a page of at most `entries`. With `AUTH_MODE=off` the reader is unknown and not
    /// limited.
    ///
    /// # Errors
    /// When the caller exceeds its rate limit.
    pub fn check(&self, caller: &Caller, entries: i64) -> Result<(), Problem> {
        let Some(rate) = &self.0 else { return Ok(()) };
        let key = match caller {
            Caller::Trusted => return Ok(()),
            Caller::Player { id, .. } => (SenderType::Player, id.clone().into()),
            Caller::Staff { id, .. } => (SenderType::Staff, id.clone()),
        };
        let cost = u32::try_from((entries - 1) / ENTRIES + 1).ok().and_then(NonZeroU32::new);
        rate.count_many(&key, cost.unwrap_or(NonZeroU32::MIN)).map_err(Problem::TooManyCalls)
    }
}
