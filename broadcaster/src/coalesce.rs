//! Which messages staff are told of one by one, and which together, beyond a rate that the operator sets.

use std::{future::pending, mem, num::NonZeroU32, time::Duration};

use broker::Partitions;
use chat::{SenderType, event::Event};
use pusher::Channels;
use tokio::time::{Instant, sleep_until};

use crate::{
    digest::Digest,
    retrying_pusher::{Job, Origin},
};

/// What is counted, and so the longest for which a message is gathered: so much later staff hear of it.
const SECOND: Duration = Duration::from_secs(1);

/// Bodies that the broker may hand out before the first of them is acknowledged, where messages are
/// gathered: more than elsewhere, since each of them may wait for a second. They take 64 MiB at most.
pub const PREFETCH: u16 = 512;

/// So many bodies are gathered from at most. While the first half of what the broker hands out waits to be
/// acknowledged, it still hands out the other: gathering bounds what staff hear, and not what is broadcast.
fn most_bodies(prefetch: u16) -> usize {
    usize::from(prefetch / 2).max(1)
}

/// Counts what staff are told in a second, and gathers what is beyond that.
#[derive(Debug)]
pub struct Coalescer {
    most: Option<NonZeroU32>,
    most_bodies: usize,
    ends: Instant,
    told: u32,
    coalesced: Digest,
}

impl Coalescer {
    /// One that lets its share of `most` events pass in a second, at least one; all, where there is no
    /// `most`. The broker hands out `prefetch` bodies.
    pub fn new(most: Option<NonZeroU32>, partitions: Partitions, prefetch: u16) -> Self {
        let share = |most: NonZeroU32| most.get() / u32::from(partitions.count());
        let most = most.map(|most| NonZeroU32::new(share(most)).unwrap_or(NonZeroU32::MIN));
        let most_bodies = most_bodies(prefetch);
        Self { most, most_bodies, ends: Instant::now(), told: 0, coalesced: Digest::default() }
    }

    /// Takes `event` if staff are to be told of it together with others, and says whether it did. Only
    /// players' messages ever are. Once one is gathered, all are that come before it is told of: they
    /// stay in their order.
    pub fn try_coalesce(&mut self, event: &Event, origin: Origin, now: Instant) -> bool {
        let (Some(most), Event::Message(message)) = (self.most, event) else {
            return false;
        };
        if message.sender_type != SenderType::Player {
            return false;
        }
        if self.coalesced.is_empty() {
            self.begin_if_over(now);
            if self.told < most.get() {
                self.told += 1;
                return false;
            }
        }
        self.coalesced.add(message, origin);
        true
    }

    /// Waits until what was gathered is due, and for ever where nothing was.
    pub async fn wait(&self) {
        match self.due(Instant::now()) {
            Some(due) => sleep_until(due).await,
            None => pending().await,
        }
    }

    /// What was gathered, once it is due. It counts as one event of the second that then begins.
    pub fn take(&mut self, now: Instant, channels: &Channels) -> Option<Job> {
        self.due(now).filter(|due| *due <= now)?;
        self.begin_if_over(now);
        self.told = self.told.saturating_add(1);
        Some(mem::take(&mut self.coalesced).into_job(channels))
    }

    /// When staff are to be told of what was gathered, if anything was.
    fn due(&self, now: Instant) -> Option<Instant> {
        let full = self.coalesced.bodies() >= self.most_bodies;
        (!self.coalesced.is_empty()).then_some(if full { now } else { self.ends })
    }

    fn begin_if_over(&mut self, now: Instant) {
        if now >= self.ends {
            self.ends = now + SECOND;
            self.told = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat::{self, Message, Subject};
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
            traceparent: None,
        }))
    }

    fn coalescer(most: u32, partitions: &str) -> Coalescer {
        Coalescer::new(NonZeroU32::new(most), partitions.parse().unwrap(), PREFETCH)
    }

    #[test]
    fn partitions_share_what_staff_are_told_one_by_one() {
        let most = [(9, "1"), (9, "4"), (3, "4")];
        let most = most.map(|(most, partitions)| coalescer(most, partitions).most);
        assert_eq!(most.map(|most| most.map(NonZeroU32::get)), [Some(9), Some(2), Some(1)]);
    }

    struct Told {
        coalescer: Coalescer,
        start: Instant,
        tag: u64,
    }

    impl Told {
        fn most(most: u32) -> Self {
            let (coalescer, start) = (coalescer(most, "1"), Instant::now());
            Self { coalescer, start, tag: 0 }
        }

        fn at(&self, milliseconds: u64) -> Instant {
            self.start + Duration::from_millis(milliseconds)
        }

        /// Whether it is told of alone what a player writes then, in a body of its own.
        fn alone(&mut self, milliseconds: u64) -> bool {
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

        /// How many are told of together then.
        fn together(&mut self, milliseconds: u64) -> Option<usize> {
            let job = self.coalescer.take(self.at(milliseconds), &Channels::Public)?;
            Some(job.origins.len())
        }
    }

    #[test]
    fn without_a_rate_nothing_is_ever_gathered() {
        let mut told = Told::most(0);
        assert!((0..10_000).all(|_| told.alone(0)));
        assert_eq!(told.coalescer.due(told.start), None);
    }

    #[test]
    fn as_many_as_may_are_told_of_alone_in_each_second() {
        let mut told = Told::most(3);
        for second in 0..5 {
            assert!((0..3).all(|_| told.alone(second * 1_000)));
        }
        assert_eq!(told.together(9_000), None);
    }

    #[test]
    fn what_is_beyond_waits_until_the_second_is_over_and_counts_as_one() {
        let mut told = Told::most(3);
        assert!((0..3).all(|_| told.alone(400)));
        assert!(!(0..7).any(|_| told.alone(500)));
        assert_eq!(told.together(1_399), None);
        // What comes while something is gathered does not get past it.
        assert!(!told.alone(1_400));
        assert_eq!(told.together(1_400), Some(8));
        assert!(told.alone(1_500) && told.alone(1_500));
        assert!(!told.alone(1_500));
        assert_eq!(told.together(2_400), Some(1));
    }

    #[test]
    fn what_was_gathered_is_told_of_before_the_broker_has_no_more_to_hand_out() {
        let mut told = Told::most(1);
        assert!(told.alone(0));
        for _ in 1..most_bodies(PREFETCH) {
            assert!(!told.alone(0));
        }
        assert_eq!(told.together(0), None);
        assert!(!told.alone(0));
        assert_eq!(told.together(0), Some(most_bodies(PREFETCH)));
        // The second is still the same.
        assert!(!told.alone(999));
    }

    #[test]
    fn only_players_messages_are_gathered() {
        let mut told = Told::most(1);
        assert!(told.alone(0) && !told.alone(0));
        let origin = Origin { tag: 9, position: 0, accepted_at: None, subject: Subject::default() };
        assert!(!told.coalescer.try_coalesce(&message(SenderType::Staff), origin, told.start));
    }
}
