use std::{sync::Arc, time::Duration};

use actix_web::{HttpResponse, http::header};
use serde::Serialize;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::PAGE_BYTES;
use crate::http::Problem;

/// The unit in which memory is counted.
const KIB: usize = 1024;

/// What a page may take while it is made: its rows, and its JSON.
const ROOM_OF_A_PAGE: usize = 2 * PAGE_BYTES / KIB;

/// How long a page waits for room.
const ROOM_TIMEOUT: Duration = Duration::from_secs(1);

/// The memory for pages that are being read, or that their clients have not yet taken.
#[derive(Clone, Debug)]
pub struct Answers {
    room: Arc<Semaphore>,
}

/// What a page has of it, until it is dropped.
#[derive(Debug)]
pub struct Room(OwnedSemaphorePermit);

impl Answers {
    /// So many bytes; one page always has room.
    pub fn new(bytes: u64) -> Self {
        let room = usize::try_from(bytes).unwrap_or(usize::MAX) / KIB;
        let room = room.clamp(ROOM_OF_A_PAGE, Semaphore::MAX_PERMITS);
        Self { room: Arc::new(Semaphore::new(room)) }
    }

    /// Room for a page.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn room(&self) -> Result<Room, Problem> {
        let pages = u32::try_from(ROOM_OF_A_PAGE).unwrap_or(u32::MAX);
        match timeout(ROOM_TIMEOUT, Arc::clone(&self.room).acquire_many_owned(pages)).await {
            Ok(Ok(permit)) => Ok(Room(permit)),
            Ok(Err(_)) | Err(_) => Err(Problem::Busy),
        }
    }

    /// Whether a page would have to wait for room.
    pub fn are_exhausted(&self) -> bool {
        self.room.available_permits() < ROOM_OF_A_PAGE
    }
}

impl Room {
    /// An answer of `page` as JSON, which has as much room as it needs until its client has taken it.
    pub fn json(self, page: &impl Serialize) -> HttpResponse {
        let json = match serde_json::to_vec(page) {
            Ok(json) => json,
            Err(error) => {
                tracing::error!(cause = %error, "a page cannot be written as JSON");
                return HttpResponse::from_error(Problem::Internal);
            }
        };
        let Self(mut permit) = self;
        let needed = permit.split(json.len().div_ceil(KIB).min(permit.num_permits()));
        let mut answer = HttpResponse::Ok();
        answer.insert_header((header::CONTENT_TYPE, "application/json"));
        let mut answer = answer.body(json);
        if let Some(needed) = needed {
            answer.extensions_mut().insert(Room(needed));
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_page_that_is_not_taken_keeps_room_and_further_ones_are_refused() {
        let answers = Answers::new(1024 * 1024);
        let first = answers.room().await.unwrap();
        let large = first.json(&"x".repeat(300 * 1024));
        assert_eq!(answers.room.available_permits(), 1024 - 301);
        let second = answers.room().await.unwrap();
        assert!(answers.are_exhausted());
        assert_eq!(answers.room().await.unwrap_err(), Problem::Busy);
        drop(large);
        let small = answers.room().await.unwrap().json(&"x");
        drop(second);
        assert_eq!(answers.room.available_permits(), 1024 - 1);
        drop(small);
    }
}
