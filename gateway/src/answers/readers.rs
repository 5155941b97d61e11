use actix_web::HttpRequest;

use super::{AnswerMemory, PageMemory};
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

    /// Admits the read of a page of at most `entries` that `request` of `caller` asks for.
    ///
    /// # Errors
    /// When the caller reads too much, or when there is no memory in time.
    pub async fn admit(
        &self,
        caller: &Caller,
        request: &HttpRequest,
        entries: i64,
    ) -> Result<PageMemory, Problem> {
        self.limit.count_page(caller, entries)?;
        self.memory.reserve(request).await
    }
}
