//! What a broadcaster holds: deliveries of which something is left to do.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::Range,
};

use broker::{DeadLetter, DeadLetterReason, Delivery};
use chat::event::{self, Event, PlacedEvent};
use chrono::{DateTime, Utc};
use pusher::Channels;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    coalesce::Coalescer,
    events,
    retrying_pusher::{CallResult, Job, Origin, Refusal},
};

/// What the broadcaster holds. What it costs to take a delivery, or to finish one, does not depend on
/// how many it holds.
pub struct InFlight {
    /// What no call has taken up yet.
    pub waiting: VecDeque<Job>,
    /// The calls under way.
    pub calls: JoinSet<CallResult>,
    /// Messages that staff are going to be told of together.
    pub coalescer: Coalescer,
    /// The deliveries that are not acknowledged, by what they are acknowledged by, which grows.
    open: BTreeMap<u64, PendingDelivery>,
    /// When the first event of each of them was accepted.
    accepted: BTreeSet<(DateTime<Utc>, u64)>,
}

/// A delivery that is not acknowledged.
#[derive(Debug)]
struct PendingDelivery {
    /// Its body, of which a letter is made when an event of it is refused.
    body: Vec<u8>,
    /// Where each event stands in the body.
    places: Vec<Range<usize>>,
    /// When the first of its events was accepted.
    accepted_at: Option<DateTime<Utc>>,
    /// When it was taken off the queue.
    received: Instant,
    /// How many of its jobs are not done.
    jobs: usize,
    /// What is to be buried of it, by the event's position. Only once its jobs are done: a delivery
    /// that is given back is dealt with again from its beginning.
    dead: BTreeMap<usize, DeadLetter>,
}

/// A delivery of which nothing is left to do but to bury its dead letters and to acknowledge it.
#[derive(Debug)]
pub struct FinishedDelivery {
    /// What to acknowledge it by.
    pub tag: u64,
    /// What is to be buried first.
    pub dead: Vec<DeadLetter>,
}

impl InFlight {
    /// Nothing, and what gathers messages.
    pub fn new(coalescer: Coalescer) -> Self {
        Self {
            waiting: VecDeque::new(),
            calls: JoinSet::new(),
            coalescer,
            open: BTreeMap::new(),
            accepted: BTreeSet::new(),
        }
    }

    /// Whether no delivery is held.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// When the first of all that it holds was accepted.
    pub fn earliest(&self) -> Option<DateTime<Utc>> {
        self.accepted.first().map(|(accepted_at, _)| *accepted_at)
    }

    /// When the delivery was taken off the queue that it has held for longest.
    pub fn oldest_received(&self) -> Option<Instant> {
        self.open.first_key_value().map(|(_, open)| open.received)
    }

    /// Takes a delivery apart into jobs.
    pub fn take(&mut self, delivery: Delivery, channels: &Channels) -> Option<FinishedDelivery> {
        let Delivery { tag, body } = delivery;
        let mut open = PendingDelivery::new(body);
        match event::decode_placed(&open.body) {
            Ok(events) => {
                open.places.reserve(events.len());
                for (position, PlacedEvent { event, place }) in events.into_iter().enumerate() {
                    open.places.push(place);
                    match event {
                        Ok(event) => {
                            open.accepted_at = earlier(open.accepted_at, event.accepted_at());
                            let origin = Origin::of(&event, tag, position);
                            open.jobs += self.enqueue(&event, origin, channels);
                        }
                        Err(unreadable) => {
                            open.dead.insert(position, unreadable.into());
                        }
                    }
                }
            }
            Err(error) => {
                open.dead.insert(0, DeadLetter::from((open.body.clone(), error)));
            }
        }
        if let Some(accepted_at) = open.accepted_at {
            self.accepted.insert((accepted_at, tag));
        }
        self.open.insert(tag, open);
        self.finish(tag)
    }

    /// Takes in what came of a call, and says which deliveries it was the last to do of.
    pub fn on_call_finished(&mut self, done: CallResult) -> Vec<FinishedDelivery> {
        let CallResult { taken, refused, undecided } = done;
        // Behind all others: one of these may show whether it is refused for what it is.
        self.waiting.extend(undecided);
        let mut finished = Vec::new();
        for Refusal { job, reason } in refused {
            for origin in &job.origins {
                self.refuse(origin, &reason);
            }
            finished.extend(self.end(job));
        }
        for job in taken {
            finished.extend(self.end(job));
        }
        finished
    }

    /// Forgets a delivery that is acknowledged.
    pub fn forget(&mut self, tag: u64) {
        let open = self.open.remove(&tag);
        if let Some(accepted_at) = open.and_then(|open| open.accepted_at) {
            self.accepted.remove(&(accepted_at, tag));
        }
    }

    /// Makes the jobs of an event, and says how many its delivery waits for.
    fn enqueue(&mut self, event: &Event, origin: Origin, channels: &Channels) -> usize {
        let coalesced = self.coalescer.try_coalesce(event, origin, Instant::now());
        let events = match event {
            Event::Message(message) if coalesced => events::player_event(message, channels),
            _ => events::pusher_events(event, channels),
        };
        let events = events.unwrap_or_default();
        let jobs = events.len() + usize::from(coalesced);
        self.waiting.extend(events.into_iter().map(|event| Job::new(event, vec![origin])));
        jobs
    }

    /// Notes that an event is to be buried, unless that is noted already: several jobs are made of one.
    fn refuse(&mut self, origin: &Origin, reason: &str) {
        let Some(open) = self.open.get_mut(&origin.tag) else { return };
        let PendingDelivery { body, places, dead, .. } = open;
        dead.entry(origin.position).or_insert_with(|| {
            let place = places.get(origin.position);
            // It was read from there; what cannot be cut out is kept whole all the same.
            let alone = place.and_then(|place| event::alone(body, place));
            DeadLetter {
                body: alone.unwrap_or_else(|| body.clone()),
                kind: DeadLetterReason::Refused,
                reason: reason.to_owned(),
                subject: origin.subject,
            }
        });
    }

    fn end(&mut self, job: Job) -> impl Iterator<Item = FinishedDelivery> {
        job.origins.into_iter().filter_map(|origin| {
            let open = self.open.get_mut(&origin.tag)?;
            open.jobs = open.jobs.saturating_sub(1);
            self.finish(origin.tag)
        })
    }

    /// The delivery, if no job of it is left to do.
    fn finish(&mut self, tag: u64) -> Option<FinishedDelivery> {
        let open = self.open.get_mut(&tag).filter(|open| open.jobs == 0)?;
        let dead = std::mem::take(&mut open.dead).into_values().collect();
        Some(FinishedDelivery { tag, dead })
    }
}

impl PendingDelivery {
    fn new(body: Vec<u8>) -> Self {
        Self {
            body,
            places: Vec::new(),
            accepted_at: None,
            received: Instant::now(),
            jobs: 0,
            dead: BTreeMap::new(),
        }
    }
}

/// The earlier of two times, where there are two.
fn earlier(one: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    one.into_iter().chain(other).min()
}
