use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::http::{BODY_LIMIT, Problem};

/// The unit in which memory is counted.
const KIB: usize = 1024;

/// A body so small is part of what a connection may take.
const SMALL_BODY: usize = 8 * KIB;

/// How long a request waits for room.
const ROOM_TIMEOUT: Duration = Duration::from_secs(1);

/// Whether a body of `length` bytes, or of a length that is not known, needs room.
pub fn needs_room(length: Option<usize>) -> bool {
    length.is_none_or(|length| length > SMALL_BODY)
}

/// The memory for requests with large bodies: for the bytes, and for what is made of them.
#[derive(Clone, Debug)]
pub struct RequestMemory(Arc<Semaphore>);

/// What one request has of it, until it has been answered.
#[derive(Debug)]
pub struct RequestRoom {
    _permit: OwnedSemaphorePermit,
}

impl RequestMemory {
    /// So many bytes; one request always has room.
    pub fn new(bytes: u64) -> Self {
        let room = usize::try_from(bytes).unwrap_or(usize::MAX) / KIB;
        Self(Arc::new(Semaphore::new(room.clamp(2 * BODY_LIMIT / KIB, Semaphore::MAX_PERMITS))))
    }

    /// Room for a request whose body has `length` bytes, or a length that is not known. A small one needs
    /// none.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn room(&self, length: Option<usize>) -> Result<Option<RequestRoom>, Problem> {
        if !needs_room(length) {
            return Ok(None);
        }
        let length = length.unwrap_or(BODY_LIMIT);
        let needed = u32::try_from((2 * length).div_ceil(KIB)).unwrap_or(u32::MAX);
        match timeout(ROOM_TIMEOUT, Arc::clone(&self.0).acquire_many_owned(needed)).await {
            Ok(Ok(permit)) => Ok(Some(RequestRoom { _permit: permit })),
            Ok(Err(_)) | Err(_) => Err(Problem::Busy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn large_requests_have_room_one_after_the_other_and_small_ones_always() {
        let memory = RequestMemory::new(200 * 1024);
        let first = memory.room(Some(60_000)).await.unwrap();
        assert!(first.is_some());
        assert_eq!(memory.room(None).await.unwrap_err(), Problem::Busy);
        assert!(memory.room(Some(8_000)).await.unwrap().is_none());
        drop(first);
        assert!(memory.room(None).await.unwrap().is_some());
    }
}
