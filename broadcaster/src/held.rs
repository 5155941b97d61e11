//! What a broadcaster holds: deliveries of which something is left to do.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};
use pusher::Channels;
use shared::chat::{Subject, event::Event};
use tokio::{task::JoinSet, time::Instant};

use crate::{
    call::{Job, Origin, Refusal},
    coalesce::Coalescer,
    events,
    metrics::DeadLetterReason,
};

/// What the broadcaster holds.
pub struct Held {
    /// What no call has taken up yet.
    pub waiting: VecDeque<Job>,
    /// The deliveries that are not acknowledged, by what they are acknowledged by.
    pub open: HashMap<u64, Open>,
    /// The calls under way.
    pub calls: JoinSet<Option<Done>>,
    /// Messages that staff are going to be told of together.
    pub coalescer: Coalescer,
}

/// A delivery that is not acknowledged.
#[derive(Debug, Default)]
pub struct Open {
    /// Its body, of which a letter is made when an event of it is to be buried.
    pub body: Vec<u8>,
    /// When the first of its events was accepted.
    pub accepted_at: Option<DateTime<Utc>>,
    /// How many of its jobs are not done.
    pub jobs: usize,
    /// What is to be buried of it. Only once its jobs are done: a delivery that is given back is
    /// dealt with again from its beginning.
    pub dead: Vec<DeadLetter>,
}

/// Something that can never be broadcast, and why.
#[derive(Debug)]
pub struct DeadLetter {
    /// A body for the dead letters, which a replay can put back as it is.
    pub body: Vec<u8>,
    /// Which kind of reason there is.
    pub kind: DeadLetterReason,
    /// Why it can never be broadcast.
    pub reason: String,
    /// What it is about, if that can be read.
    pub subject: Subject,
}

/// A call that is over.
#[derive(Debug)]
pub struct Done {
    /// What it was for.
    pub jobs: Vec<Job>,
    /// What of it Pusher will never take.
    pub refusals: Vec<Refusal>,
}

impl DeadLetter {
    /// What cannot be read.
    pub fn unreadable(body: Vec<u8>, reason: String) -> Self {
        let kind = DeadLetterReason::Unreadable;
        Self { body, kind, reason, subject: Subject::default() }
    }
}

impl Held {
    /// Nothing, and what gathers messages.
    pub fn new(coalescer: Coalescer) -> Self {
        Self { waiting: VecDeque::new(), open: HashMap::new(), calls: JoinSet::new(), coalescer }
    }

    /// When the first of all that it holds was accepted.
    pub fn earliest(&self) -> Option<DateTime<Utc>> {
        self.open.values().filter_map(|open| open.accepted_at).min()
    }

    /// Makes the jobs of an event, and says how many its delivery waits for.
    pub fn take_up(&mut self, event: &Event, origin: Origin, channels: &Channels) -> usize {
        let gathered = self.coalescer.gathers(event, origin, Instant::now());
        let events = match event {
            Event::Message(message) if gathered => events::to_player_alone(message, channels),
            _ => events::pusher_events(event, channels),
        };
        let events = events.unwrap_or_default();
        let jobs = events.len() + usize::from(gathered);
        let of_it = |event| Job { event, origins: vec![origin] };
        self.waiting.extend(events.into_iter().map(of_it));
        jobs
    }
}

impl Open {
    /// Notes what is to be buried, unless that is noted already: several jobs are made of one event.
    pub fn will_bury(&mut self, letter: DeadLetter) {
        if self.dead.iter().all(|it| it.body != letter.body) {
            self.dead.push(letter);
        }
    }
}
