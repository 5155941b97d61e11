//! The times at which messages are accepted.

use std::sync::atomic::{AtomicI64, Ordering};

use chat;
use chrono::{DateTime, Utc};

/// A gateway's clock, whose timestamps strictly increase, since messages sort by them. After the
/// machine's clock was set back, it adds a microsecond to its last timestamp until the machine's clock
/// has caught up.
///
/// A clock that was set back by more than [`MAX_LAG_MICROS`] had been wrong and is followed: otherwise
/// this gateway's messages would sort behind those of other gateways for as long as the error was.
#[derive(Debug, Default)]
pub struct Clock {
    /// The last timestamp, in microseconds since 1970.
    last: AtomicI64,
}

/// The most by which the machine's clock may be behind the last timestamp.
const MAX_LAG_MICROS: i64 = 10_000_000;

impl Clock {
    /// A timestamp that is later than all before.
    pub fn next_timestamp(&self) -> DateTime<Utc> {
        self.next_after(chat::now())
    }

    fn next_after(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let now_micros = now.timestamp_micros();
        let later_than = |last: i64| match last.saturating_sub(now_micros) {
            lag if lag > MAX_LAG_MICROS => now_micros,
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
            assert_eq!(clock.next_after(at(micros)), at(micros));
        }
    }

    #[test]
    fn it_goes_on_from_the_last_time_until_a_clock_that_was_set_back_has_caught_up() {
        let clock = Clock::default();
        let given = [5_000, 1_000, 1_001, 5_002, 5_003, 6_000].map(|now| clock.next_after(at(now)));
        assert_eq!(given, [5_000, 5_001, 5_002, 5_003, 5_004, 6_000].map(at));
    }

    #[test]
    fn it_follows_a_clock_that_had_been_far_ahead() {
        let clock = Clock::default();
        let hour = 3_600_000_000;
        let given = [hour, 1_000, 1_001].map(|now| clock.next_after(at(now)));
        assert_eq!(given, [hour, 1_000, 1_001].map(at));
    }

    #[test]
    fn no_two_of_one_microsecond_are_the_same() {
        let clock = Clock::default();
        let given = [7, 7, 7].map(|now| clock.next_after(at(now)));
        assert_eq!(given, [7, 8, 9].map(at));
    }

    #[test]
    fn no_two_of_several_threads_are_the_same() {
        let clock = Clock::default();
        let given = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| Vec::from_iter((0..1_000).map(|_| clock.next_after(at(7)))))
                })
                .collect();
            Vec::from_iter(threads.into_iter().flat_map(|thread| thread.join().unwrap()))
        });
        let different: std::collections::HashSet<_> = given.iter().collect();
        assert_eq!(different.len(), 4_000);
    }
}
