//! The time at which something is accepted.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use shared::chat;

/// A gateway's clock. Each time that it gives out is later than the one before, by a microsecond at
/// least, since messages sort by it: while the machine's own clock is behind, because it was set
/// back, this one goes on from the last time given out.
///
/// Unless it was set back by more than [`LONGEST_LAG`]. Then it had been wrong, and holding on to
/// that would sort what is accepted here behind what others accept, for as long as the mistake was.
#[derive(Debug, Default)]
pub struct Clock {
    /// The last time given out, in microseconds since 1970.
    last: AtomicI64,
}

/// How far the machine's clock may be set back, in microseconds.
const LONGEST_LAG: i64 = 10_000_000;

impl Clock {
    /// The time of what is accepted now.
    pub fn accept(&self) -> DateTime<Utc> {
        self.accept_at(chat::now())
    }

    fn accept_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let now_micros = now.timestamp_micros();
        let later_than = |last: i64| match last.saturating_sub(now_micros) {
            lag if lag > LONGEST_LAG => now_micros,
            _ => now_micros.max(last.saturating_add(1)),
        };
        let last = self.last.update(Ordering::Relaxed, Ordering::Relaxed, later_than);
        DateTime::from_timestamp_micros(later_than(last)).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(micros).unwrap()
    }

    #[test]
    fn it_follows_a_clock_that_goes_on() {
        let clock = Clock::default();
        for micros in [1_000, 1_001, 5_000] {
            assert_eq!(clock.accept_at(at(micros)), at(micros));
        }
    }

    #[test]
    fn it_goes_on_from_the_last_time_until_a_clock_that_was_set_back_has_caught_up() {
        let clock = Clock::default();
        let given = [5_000, 1_000, 1_001, 5_002, 5_003, 6_000].map(|now| clock.accept_at(at(now)));
        assert_eq!(given, [5_000, 5_001, 5_002, 5_003, 5_004, 6_000].map(at));
    }

    #[test]
    fn it_follows_a_clock_that_had_been_far_ahead() {
        let clock = Clock::default();
        let hour = 3_600_000_000;
        let given = [hour, 1_000, 1_001].map(|now| clock.accept_at(at(now)));
        assert_eq!(given, [hour, 1_000, 1_001].map(at));
    }

    #[test]
    fn no_two_of_one_microsecond_are_the_same() {
        let clock = Clock::default();
        let given = [7, 7, 7].map(|now| clock.accept_at(at(now)));
        assert_eq!(given, [7, 8, 9].map(at));
    }

    #[test]
    fn no_two_of_several_threads_are_the_same() {
        let clock = Clock::default();
        let given = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| Vec::from_iter((0..1_000).map(|_| clock.accept_at(at(7))))))
                .collect();
            Vec::from_iter(threads.into_iter().flat_map(|thread| thread.join().unwrap()))
        });
        let different: std::collections::HashSet<_> = given.iter().collect();
        assert_eq!(different.len(), 4_000);
    }
}
