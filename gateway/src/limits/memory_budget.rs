use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// The unit of the semaphores, in bytes.
const KIB: usize = 1024;

/// The share of a client address is one part in this many.
const SHARES: usize = 32;

/// The number of known addresses below which none is removed.
const MIN_CLEANUP_SIZE: usize = 64;

/// Memory for one purpose, of which each client address has a share.
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    all: Arc<Semaphore>,
    share: usize,
    addresses: Arc<Mutex<Addresses>>,
}

/// The shares of the addresses that hold a reservation, or wait for one.
#[derive(Debug, Default)]
struct Addresses {
    shares: HashMap<IpAddr, Weak<Semaphore>>,
    clean_up_at: usize,
}

/// A reservation, until it is dropped.
#[derive(Debug)]
pub struct Reservation {
    of_share: OwnedSemaphorePermit,
    of_all: OwnedSemaphorePermit,
}

impl MemoryBudget {
    /// A budget of `bytes`. It, and each share, is at least `smallest_share` bytes.
    pub fn new(bytes: u64, smallest_share: usize) -> Self {
        let smallest = smallest_share.div_ceil(KIB);
        let all = usize::try_from(bytes).unwrap_or(usize::MAX) / KIB;
        let all = all.clamp(smallest, Semaphore::MAX_PERMITS);
        let share = (all / SHARES).max(smallest);
        Self { all: Arc::new(Semaphore::new(all)), share, addresses: Arc::default() }
    }

    /// Reserves `bytes` for `address`: waits, in the order of the calls, until its share and the
    /// whole budget have them.
    ///
    /// # Errors
    /// Never: the semaphores are not closed.
    pub async fn reserve(
        &self,
        address: IpAddr,
        bytes: usize,
    ) -> Result<Reservation, AcquireError> {
        let needed = kib(bytes);
        let of_share = self.share(address).acquire_many_owned(needed).await?;
        let of_all = Arc::clone(&self.all).acquire_many_owned(needed).await?;
        Ok(Reservation { of_share, of_all })
    }

    /// Whether `bytes` are available only when `address` itself releases memory.
    pub fn is_share_exhausted(&self, address: IpAddr, bytes: usize) -> bool {
        self.share(address).available_permits() < bytes.div_ceil(KIB)
    }

    fn share(&self, address: IpAddr) -> Arc<Semaphore> {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = addresses.shares.get(&address).and_then(Weak::upgrade) {
            return share;
        }
        if addresses.shares.len() >= addresses.clean_up_at {
            addresses.shares.retain(|_, share| share.strong_count() > 0);
            addresses.clean_up_at = MIN_CLEANUP_SIZE.max(2 * addresses.shares.len());
        }
        let share = Arc::new(Semaphore::new(self.share));
        addresses.shares.insert(address, Arc::downgrade(&share));
        share
    }
}

impl Reservation {
    /// Releases all but `bytes`.
    pub fn keep(self, bytes: usize) -> Self {
        let Self { mut of_share, mut of_all } = self;
        let kept = bytes.div_ceil(KIB).min(of_all.num_permits());
        match (of_share.split(kept), of_all.split(kept)) {
            (Some(of_share), Some(of_all)) => Self { of_share, of_all },
            _ => Self { of_share, of_all },
        }
    }
}

fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(KIB)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn address(number: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, number])
    }

    #[tokio::test]
    async fn address_waits_for_its_own_share_while_others_are_served() {
        let budget = MemoryBudget::new(64 * 1024 * 1024, 0);
        let first = budget.reserve(address(1), 1024 * 1024).await.unwrap();
        let second = budget.reserve(address(1), 1024 * 1024).await.unwrap();
        assert!(budget.reserve(address(1), 1).now_or_never().is_none());
        assert!(budget.is_share_exhausted(address(1), 1));
        assert!(budget.reserve(address(2), 1024 * 1024).now_or_never().is_some());
        drop(first.keep(1024));
        let kept = second.keep(1024);
        assert_eq!(budget.all.available_permits(), 64 * 1024 - 1);
        drop(kept);
        assert_eq!(budget.all.available_permits(), 64 * 1024);
    }

    #[tokio::test]
    async fn addresses_without_a_reservation_are_removed() {
        let budget = MemoryBudget::new(1024 * 1024, 1024);
        let held = budget.reserve(address(0), 1024).await.unwrap();
        for number in 1..=200 {
            budget.reserve(address(number), 1024).await.unwrap();
        }
        let shares = budget.addresses.lock().unwrap().shares.len();
        assert!(shares <= MIN_CLEANUP_SIZE, "{shares}");
        assert!(budget.is_share_exhausted(address(0), 32 * 1024));
        drop(held);
    }
}
