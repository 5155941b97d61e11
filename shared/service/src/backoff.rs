//! How long to wait before asking again somebody who did not answer.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

const SHORTEST: Duration = Duration::from_millis(100);
/// What an outage costs beyond its end, and its double once the random part is added.
const LONGEST: Duration = Duration::from_secs(2);

/// Growing waits without an end.
pub type Waits = Box<dyn Iterator<Item = Duration> + Send>;

/// Growing waits without an end, each with a random part, so that many who lost the same server
/// do not come back to it in step.
pub fn waits() -> Waits {
    let waits = ExponentialBuilder::default()
        .with_min_delay(SHORTEST)
        .with_max_delay(LONGEST)
        .with_jitter()
        .without_max_times()
        .build();
    Box::new(waits.chain(std::iter::repeat(LONGEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow_to_a_bound_and_never_end() {
        let waits: Vec<_> = waits().take(100).collect();
        assert!(waits.iter().all(|wait| *wait >= SHORTEST && *wait <= LONGEST * 2), "{waits:?}");
        assert!(waits[99] >= LONGEST);
    }
}
