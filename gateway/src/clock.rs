//! The timestamps of accepted messages.

use std::sync::atomic::{AtomicI64, Ordering};

use chat;
use chrono::{DateTime, Utc};

/// A clock whose timestamps strictly increase, since messages sort by them. When the machine's
/// clock was set back, it adds a microsecond to its last timestamp until the machine's clock has
/// caught up.
///
/// When the machine's clock was set back by more than `MAX_LAG_MICROS`, it had been wrong, and
/// its new time is used: otherwise this gateway's messages would sort behind those of other
/// gateways for as long as the error was.
#[derive(Debug, Default)]
pub struct Clock {
    /// The last timestamp, in microseconds since 1970.
    last: AtomicI64,
}

/// The longest time, in microseconds, by which the machine's clock may be behind the last
/// timestamp.
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
    fn timestamp_is_the_time_of_the_machine() {
        let clock = Clock::default();
        for micros in [1_000, 1_001, 5_000] {
            assert_eq!(clock.next_after(at(micros)), at(micros));
        }
    }

    #[test]
    fn timestamps_increase_after_the_machines_clock_was_set_back() {
        let clock = Clock::default();
        let timestamps =
            [5_000, 1_000, 1_001, 5_002, 5_003, 6_000].map(|now| clock.next_after(at(now)));
        assert_eq!(timestamps, [5_000, 5_001, 5_002, 5_003, 5_004, 6_000].map(at));
    }

    #[test]
    fn timestamp_is_the_time_of_the_machine_after_it_was_far_ahead() {
        let clock = Clock::default();
        let hour = 3_600_000_000;
        let timestamps = [hour, 1_000, 1_001].map(|now| clock.next_after(at(now)));
        assert_eq!(timestamps, [hour, 1_000, 1_001].map(at));
    }

    #[test]
    fn timestamps_within_one_microsecond_differ() {
        let clock = Clock::default();
        let timestamps = [7, 7, 7].map(|now| clock.next_after(at(now)));
        assert_eq!(timestamps, [7, 8, 9].map(at));
    }

    #[test]
    fn timestamps_of_several_threads_differ() {
        let clock = Clock::default();
        let timestamps = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| Vec::from_iter((0..1_000).map(|_| clock.next_after(at(7)))))
                })
                .collect();
            Vec::from_iter(threads.into_iter().flat_map(|thread| thread.join().unwrap()))
        });
        let different: std::collections::HashSet<_> = timestamps.iter().collect();
        assert_eq!(different.len(), 4_000);
    }
}
