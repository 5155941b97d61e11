use std::{net::IpAddr, time::Duration};

use tokio::time::timeout;

use super::{MemoryBudget, Reservation};
use crate::problem::Problem;

/// The most bytes that a body may have: the longest message in the longest JSON encoding, and the
/// other fields.
pub const BODY_LIMIT: usize = 64 * 1024;

/// Bodies up to this size, in bytes, are part of a connection's memory.
const SMALL_BODY: usize = 8 * 1024;

/// How long a request waits for memory.
const RESERVE_TIMEOUT: Duration = Duration::from_secs(1);

/// Whether a body of `length` bytes, or of unknown length, needs a reservation.
pub fn needs_memory(length: Option<usize>) -> bool {
    length.is_none_or(|length| length > SMALL_BODY)
}

/// The memory of large bodies: their bytes, and the values parsed from them.
#[derive(Clone, Debug)]
pub struct RequestMemory(MemoryBudget);

impl RequestMemory {
    /// A memory of `bytes`, and of one body at least.
    pub fn new(bytes: u64) -> Self {
        Self(MemoryBudget::new(bytes, 2 * BODY_LIMIT))
    }

    /// Reserves memory for a body of `length` bytes, or of unknown length, from `address`.
    ///
    /// # Errors
    /// When memory is not available in time.
    pub async fn reserve(
        &self,
        address: IpAddr,
        length: Option<usize>,
    ) -> Result<Reservation, Problem> {
        let needed = 2 * length.unwrap_or(BODY_LIMIT);
        match timeout(RESERVE_TIMEOUT, self.0.reserve(address, needed)).await {
            Ok(Ok(reservation)) => Ok(reservation),
            Ok(Err(_)) | Err(_) => Err(Problem::Busy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn large_bodies_of_one_address_wait_for_each_other_and_not_for_those_of_others() {
        let memory = RequestMemory::new(400 * 1024);
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let first = memory.reserve(one, Some(60_000)).await.unwrap();
        assert_eq!(memory.reserve(one, None).await.unwrap_err(), Problem::Busy);
        assert!(memory.reserve(other, None).await.is_ok());
        drop(first);
        assert!(memory.reserve(one, None).await.is_ok());
        assert!(!needs_memory(Some(8_000)) && needs_memory(None));
    }
}
