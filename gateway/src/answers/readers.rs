use super::{AnswerMemory, Client, PageMemory};
use crate::{
    auth::Caller,
    limits::{LimitSettings, ReaderLimit},
    problem::Problem,
};

/// Admits reads of pages, within rate limits and memory.
#[derive(Clone, Debug)]
pub struct Readers {
    limit: ReaderLimit,
    memory: AnswerMemory,
}

impl Readers {
    /// Applies the settings; pages are held in `memory`.
    pub fn new(settings: &LimitSettings, memory: AnswerMemory) -> Self {
        Self { limit: ReaderLimit::new(settings), memory }
    }

    /// Counts a read that takes no memory of a page.
    ///
    /// # Errors
    /// When the caller exceeds its rate limit.
    pub fn check(&self, caller: &Caller) -> Result<(), Problem> {
        self.limit.check(caller, 1)
    }

    /// Admits a read of at most `entries` by `caller`, whose client is `client`.
    ///
    /// # Errors
    /// When the caller exceeds its rate limit, or memory is not available in time.
    pub async fn admit(
        &self,
        caller: &Caller,
        client: Client,
        entries: i64,
    ) -> Result<PageMemory, Problem> {
        self.limit.check(caller, entries)?;
        self.memory.reserve(client).await
    }
}
