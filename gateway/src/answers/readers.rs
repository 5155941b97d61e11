use super::{AnswerMemory, Client, PageMemory};
use crate::{
    auth::Caller,
    limits::{LimitSettings, ReaderLimit},
    problem::Problem,
};

/// Admits reads of pages: as many as their caller may make, and as many at once as there is memory for.
#[derive(Clone, Debug)]
pub struct Readers {
    limit: ReaderLimit,
    memory: AnswerMemory,
}

impl Readers {
    /// As the settings want it, with `memory` for the pages.
    pub fn new(settings: &LimitSettings, memory: AnswerMemory) -> Self {
        Self { limit: ReaderLimit::new(settings), memory }
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
