//! Waits between retries.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

const SHORTEST: Duration = Duration::from_millis(100);
/// Without the random part, which is as long at most. It bounds how long a retry outlasts an outage.
const LONGEST: Duration = Duration::from_secs(2);

/// Endless, growing waits.
pub type Waits = Box<dyn Iterator<Item = Duration> + Send>;

/// Endless, growing waits with a random part, so that many clients of one server do not retry at the same
/// moment.
pub fn waits() -> Waits {
    let waits = ExponentialBuilder::default()
        .with_min_delay(SHORTEST)
        .with_max_delay(LONGEST)
        .with_jitter()
        .without_max_times()
        .build();
    Box::new(waits.chain(std::iter::repeat(LONGEST)))
}

/// The wait after `failures` in a row, the first of which is 0.
pub fn wait_after(failures: usize) -> Duration {
    /// At least the number of waits that differ: the test fails when it is fewer.
    const GROWING: usize = 8;
    waits().nth(failures.min(GROWING)).unwrap_or(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_never_end() {
        let waits: Vec<_> = waits().take(100).collect();
        assert!(waits.iter().all(|wait| *wait >= SHORTEST && *wait <= LONGEST * 2), "{waits:?}");
        assert!(waits[99] >= LONGEST);
        assert!(wait_after(0) < LONGEST && wait_after(usize::MAX) >= LONGEST);
    }
}
