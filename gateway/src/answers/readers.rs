use super::{Answers, Room};
use crate::{
    auth::Caller,
    http::Problem,
    limits::{LimitSettings, ReaderLimit},
};

/// Admits reads of pages: as many as their caller may make, and as many at once as have room.
#[derive(Clone, Debug)]
pub struct Readers {
    limit: ReaderLimit,
    answers: Answers,
}

impl Readers {
    /// As the settings want it, with the memory that `answers` have.
    pub fn new(settings: &LimitSettings, answers: Answers) -> Self {
        Self { limit: ReaderLimit::new(settings), answers }
    }

    /// Admits a read of a page of at most `entries`, whose answer has room.
    ///
    /// # Errors
    /// When the caller reads too much, or when there is no room in time.
    pub async fn admit(&self, caller: &Caller, entries: i64) -> Result<Room, Problem> {
        self.limit.count_page(caller, entries)?;
        self.answers.room().await
    }
}
