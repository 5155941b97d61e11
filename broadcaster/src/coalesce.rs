//! Coalesces players' messages and internal notes for staff beyond a rate that the operator sets: one event
//! then stands for many of them.

use std::{future::pending, mem, num::NonZeroU32, time::Duration};

use broker::Partitions;
use chat::event::Event;
use pusher::Channels;
use tokio::time::{Instant, sleep_until};

use crate::{
    digest::{Digest, Entry},
    retrying_pusher::{Job, Origin},
};

/// Rate-limit window, and therefore the longest delay that coalescing adds.
const WINDOW: Duration = Duration::from_secs(1);

/// The most unacknowledged deliveries while messages are coalesced: more than otherwise, since each may
/// wait for a second. They take 64 MiB at most.
pub const PREFETCH: u16 = 512;

/// Upper bound of deliveries held for coalescing: half of the prefetch, so that RabbitMQ still delivers
/// the other half.
fn max_deliveries(prefetch: u16) -> usize {
    usize::from(prefetch / 2).max(1)
}

/// Counts the events for staff in each second, and coalesces the messages beyond the rate.
#[derive(Debug)]
pub struct Coalescer {
    /// Events per second; without a rate nothing is coalesced.
    rate: Option<NonZeroU32>,
    max_deliveries: usize,
    window_ends: Instant,
    /// Events in the current window.
    sent: u32,
    coalesced: Digest,
}

impl Coalescer {
    /// Creates a coalescer for one of `partitions`, whose consumer has `prefetch`. Each partition has the
    /// same share of `rate`, at least one event per second.
    pub fn new(rate: Option<NonZeroU32>, partitions: Partitions, prefetch: u16) -> Self {
        let share = |rate: NonZeroU32| rate.get() / u32::from(partitions.count());
        Self {
            rate: rate.map(|rate| NonZeroU32::new(share(rate)).unwrap_or(NonZeroU32::MIN)),
            max_deliveries: max_deliveries(prefetch),
            window_ends: Instant::now(),
            sent: 0,
            coalesced: Digest::default(),
        }
    }

    /// Adds `event` to the coalesced ones if it is a player's message or a note beyond the rate, and returns
    /// whether it did. While events are coalesced, every further one is too: they stay in order.
    pub fn try_coalesce(&mut self, event: &Event, origin: Origin, now: Instant) -> bool {
        let (Some(rate), Some(entry)) = (self.rate, Entry::new(event)) else { return false };
        if self.coalesced.is_empty() {
            self.renew_window(now);
            if self.sent < rate.get() {
                self.sent += 1;
                return false;
            }
        }
        self.coalesced.add(entry, origin);
        true
    }

    /// Waits until the coalesced messages are due; for ever without any.
    pub async fn wait(&self) {
        match self.due(Instant::now()) {
            Some(due) => sleep_until(due).await,
            None => pending().await,
        }
    }

    /// The event for the coalesced messages once they are due. It counts in the window that then begins.
    pub fn take(&mut self, now: Instant, channels: &Channels) -> Option<Job> {
        self.due(now).filter(|due| *due <= now)?;
        self.renew_window(now);
        self.sent = self.sent.saturating_add(1);
        Some(mem::take(&mut self.coalesced).into_job(channels))
    }

    /// When the coalesced messages are due: at the end of the window, or now if they hold too many
    /// deliveries.
    fn due(&self, now: Instant) -> Option<Instant> {
        let is_full = self.coalesced.deliveries() >= self.max_deliveries;
        (!self.coalesced.is_empty()).then_some(if is_full { now } else { self.window_ends })
    }

    fn renew_window(&mut self, now: Instant) {
        if now >= self.window_ends {
            self.window_ends = now + WINDOW;
            self.sent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat::{self, Message, Note, SenderType, Subject};
    use uuid::Uuid;

    fn message(sender_type: SenderType) -> Event {
        Event::Message(Box::new(Message {
            message_id: Uuid::now_v7(),
            player_id: "p1".to_owned().try_into().unwrap(),
            player_name: None,
            sender_type,
            sender_id: None,
            sender_name: None,
            content: "hello".to_owned().try_into().unwrap(),
            accepted_at: chat::now(),
            socket_id: None,
            attachments: Vec::new(),
            intake: None,
            traceparent: None,
        }))
    }

    fn coalescer(rate: u32, partitions: &str) -> Coalescer {
        Coalescer::new(NonZeroU32::new(rate), partitions.parse().unwrap(), PREFETCH)
    }

    #[test]
    fn partitions_share_the_rate() {
        let rates = [(9, "1"), (9, "4"), (3, "4")];
        let rates = rates.map(|(rate, partitions)| coalescer(rate, partitions).rate);
        assert_eq!(rates.map(|rate| rate.map(NonZeroU32::get)), [Some(9), Some(2), Some(1)]);
    }

    struct Clocked {
        coalescer: Coalescer,
        start: Instant,
        tag: u64,
    }

    impl Clocked {
        fn with_rate(rate: u32) -> Self {
            let (coalescer, start) = (coalescer(rate, "1"), Instant::now());
            Self { coalescer, start, tag: 0 }
        }

        fn at(&self, milliseconds: u64) -> Instant {
            self.start + Duration::from_millis(milliseconds)
        }

        /// Whether a player's message at that time, in a delivery of its own, goes out alone.
        fn is_alone(&mut self, milliseconds: u64) -> bool {
            self.tag += 1;
            let origin = Origin {
                tag: self.tag,
                position: 0,
                accepted_at: None,
                subject: Subject::default(),
            };
            let now = self.at(milliseconds);
            !self.coalescer.try_coalesce(&message(SenderType::Player), origin, now)
        }

        /// How many messages are due at that time.
        fn coalesced(&mut self, milliseconds: u64) -> Option<usize> {
            let job = self.coalescer.take(self.at(milliseconds), &Channels::Public)?;
            Some(job.origins.len())
        }
    }

    #[test]
    fn without_a_rate_no_message_is_coalesced() {
        let mut clocked = Clocked::with_rate(0);
        assert!((0..10_000).all(|_| clocked.is_alone(0)));
        assert_eq!(clocked.coalescer.due(clocked.start), None);
    }

    #[test]
    fn messages_within_the_rate_go_out_alone_in_each_second() {
        let mut clocked = Clocked::with_rate(3);
        for second in 0..5 {
            assert!((0..3).all(|_| clocked.is_alone(second * 1_000)));
        }
        assert_eq!(clocked.coalesced(9_000), None);
    }

    #[test]
    fn messages_beyond_the_rate_wait_for_the_next_second_and_count_as_one_event() {
        let mut clocked = Clocked::with_rate(3);
        assert!((0..3).all(|_| clocked.is_alone(400)));
        assert!(!(0..7).any(|_| clocked.is_alone(500)));
        assert_eq!(clocked.coalesced(1_399), None);
        // A message does not overtake coalesced ones.
        assert!(!clocked.is_alone(1_400));
        assert_eq!(clocked.coalesced(1_400), Some(8));
        assert!(clocked.is_alone(1_500) && clocked.is_alone(1_500));
        assert!(!clocked.is_alone(1_500));
        assert_eq!(clocked.coalesced(2_400), Some(1));
    }

    #[test]
    fn coalesced_messages_are_due_once_they_hold_half_of_the_prefetch() {
        let mut clocked = Clocked::with_rate(1);
        assert!(clocked.is_alone(0));
        for _ in 1..max_deliveries(PREFETCH) {
            assert!(!clocked.is_alone(0));
        }
        assert_eq!(clocked.coalesced(0), None);
        assert!(!clocked.is_alone(0));
        assert_eq!(clocked.coalesced(0), Some(max_deliveries(PREFETCH)));
        // It is still the same second.
        assert!(!clocked.is_alone(999));
    }

    fn origin() -> Origin {
        Origin { tag: 9, position: 0, accepted_at: None, subject: Subject::default() }
    }

    #[test]
    fn a_note_counts_as_an_event_and_is_coalesced_beyond_the_rate() {
        let mut clocked = Clocked::with_rate(1);
        let note = Event::Note(Box::new(Note {
            note_id: Uuid::now_v7(),
            player_id: "p1".to_owned().try_into().unwrap(),
            session_id: None,
            author_id: None,
            author_name: None,
            content: "hello".to_owned().try_into().unwrap(),
            mentions: Vec::new(),
            accepted_at: chat::now(),
            traceparent: None,
        }));
        let start = clocked.start;
        assert!(!clocked.coalescer.try_coalesce(&note, origin(), start));
        assert!(!clocked.is_alone(0));
        assert!(clocked.coalescer.try_coalesce(&note, origin(), start));
        assert_eq!(clocked.coalesced(1_000), Some(2));
    }

    #[test]
    fn messages_of_staff_are_not_coalesced() {
        let mut clocked = Clocked::with_rate(1);
        assert!(clocked.is_alone(0) && !clocked.is_alone(0));
        let start = clocked.start;
        assert!(!clocked.coalescer.try_coalesce(&message(SenderType::Staff), origin(), start));
    }
}
