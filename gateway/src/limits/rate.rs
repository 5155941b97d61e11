use std::{hash::Hash, num::NonZeroU32, sync::Arc, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
    middleware::NoOpMiddleware,
    state::keyed::DashMapStateStore,
};
use tokio::time::interval;

/// Time between two removals of keys whose limit has fully recovered.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(10);

type Limiter<Key> =
    RateLimiter<Key, DashMapStateStore<Key>, MonotonicClock, NoOpMiddleware<std::time::Instant>>;

/// A rate limit for each key.
#[derive(Debug)]
pub(super) struct Rate<Key: Clone + Eq + Hash> {
    limiter: Limiter<Key>,
}

impl<Key: Clone + Eq + Hash + Send + Sync + 'static> Rate<Key> {
    /// At most `per_minute` on average and `burst` at once; None when either is 0. A task removes
    /// keys that are no longer limited.
    pub(super) fn new(per_minute: u32, burst: u32) -> Option<Arc<Self>> {
        let (per_minute, burst) = (NonZeroU32::new(per_minute)?, NonZeroU32::new(burst)?);
        let quota = Quota::per_minute(per_minute).allow_burst(burst);
        let limiter = RateLimiter::new(quota, DashMapStateStore::default(), MonotonicClock);
        let rate = Arc::new(Self { limiter });
        let known = Arc::downgrade(&rate);
        tokio::spawn(async move {
            let mut ticks = interval(CLEANUP_INTERVAL);
            loop {
                ticks.tick().await;
                let Some(rate) = known.upgrade() else { return };
                rate.limiter.retain_recent();
                rate.limiter.shrink_to_fit();
            }
        });
        Some(rate)
    }

    /// Counts one for `key`.
    ///
    /// # Errors
    /// Time until the next is allowed, when the limit is exceeded.
    pub(super) fn count(&self, key: &Key) -> Result<(), Duration> {
        self.limiter.check_key(key).map_err(|early| early.wait_time_from(MonotonicClock.now()))
    }

    /// Counts `number` for `key`.
    ///
    /// # Errors
    /// Time until so many are allowed, when the limit is exceeded. More than the burst is never
    /// allowed.
    pub(super) fn count_many(&self, key: &Key, number: NonZeroU32) -> Result<(), Duration> {
        match self.limiter.check_key_n(key, number) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(early)) => Err(early.wait_time_from(MonotonicClock.now())),
            Err(_) => Err(Duration::MAX),
        }
    }
}
