use std::{net::IpAddr, time::Duration};

use tokio::time::timeout;

use super::config::COPIES;
use crate::{
    limits::{MemoryBudget, Reservation},
    problem::Problem,
};

/// The least memory that an upload counts, in bytes, so that their number is bounded, too.
const MIN_UPLOAD: usize = 1024 * 1024;

/// The memory for downloads in progress, in bytes.
pub const DOWNLOAD_MEMORY: u64 = 16 * 1024 * 1024;

/// The memory of a download, in bytes: what the gateway has read and the client has not taken.
const DOWNLOAD: usize = 128 * 1024;

/// The downloads of one address at once: what the browsers of an office load together.
const DOWNLOADS_OF_ADDRESS: usize = 24;

/// How long a request waits for memory.
const RESERVE_TIMEOUT: Duration = Duration::from_secs(2);

/// The memory of uploads in progress, or of downloads.
#[derive(Clone, Debug)]
pub struct TransferMemory {
    budget: MemoryBudget,
    /// The most bytes of a file.
    max_bytes: usize,
}

impl TransferMemory {
    /// The memory for uploads of `max_bytes` at most: `bytes` together.
    pub fn of_uploads(bytes: u64, max_bytes: usize) -> Self {
        Self { budget: MemoryBudget::new(bytes, copies(max_bytes)), max_bytes }
    }

    /// The memory for downloads.
    pub fn of_downloads() -> Self {
        let budget = MemoryBudget::new(DOWNLOAD_MEMORY, DOWNLOADS_OF_ADDRESS * DOWNLOAD);
        Self { budget, max_bytes: DOWNLOAD }
    }

    /// Reserves memory for an upload of `length` bytes, or of unknown length, from `address`.
    ///
    /// # Errors
    /// When memory is not available in time.
    pub async fn upload(
        &self,
        address: IpAddr,
        length: Option<usize>,
    ) -> Result<Reservation, Problem> {
        let length = length.unwrap_or(self.max_bytes);
        self.reserve(address, copies(length).max(MIN_UPLOAD)).await
    }

    /// Reserves memory for a download to `address`.
    ///
    /// # Errors
    /// When memory is not available in time.
    pub async fn download(&self, address: IpAddr) -> Result<Reservation, Problem> {
        self.reserve(address, DOWNLOAD).await
    }

    async fn reserve(&self, address: IpAddr, bytes: usize) -> Result<Reservation, Problem> {
        match timeout(RESERVE_TIMEOUT, self.budget.reserve(address, bytes)).await {
            Ok(Ok(reservation)) => Ok(reservation),
            Ok(Err(_)) | Err(_) => Err(Problem::Busy),
        }
    }
}

fn copies(bytes: usize) -> usize {
    usize::try_from(COPIES).unwrap_or(usize::MAX).saturating_mul(bytes)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn uploads_without_room_wait() {
        let memory = TransferMemory::of_uploads(8 * 1024 * 1024, 1024 * 1024);
        let address = |number| IpAddr::from([10, 0, 0, number]);
        let first = memory.upload(address(1), None).await.unwrap();
        assert!(memory.upload(address(1), Some(10)).now_or_never().is_none());
        let mut others = Vec::new();
        for number in 2..=4 {
            others.push(memory.upload(address(number), None).await.unwrap());
        }
        assert!(memory.upload(address(5), Some(10)).now_or_never().is_none());
        drop(first);
        assert!(memory.upload(address(5), Some(10)).await.is_ok());
    }
}
