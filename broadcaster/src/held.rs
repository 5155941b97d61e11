//! What a broadcaster holds: deliveries of which something is left to do.

use std::collections::{HashMap, VecDeque};

use tokio::task::JoinSet;

use crate::call::{Job, Refusal};

/// What the broadcaster holds.
#[derive(Default)]
pub struct Held {
    /// What no call has taken up yet.
    pub waiting: VecDeque<Job>,
    /// The deliveries that are not acknowledged, by what they are acknowledged by.
    pub open: HashMap<u64, Open>,
    /// The calls under way.
    pub calls: JoinSet<Option<Done>>,
}

/// A delivery that is not acknowledged.
#[derive(Debug, Default)]
pub struct Open {
    /// Its body, of which a letter is made when an event of it is to be buried.
    pub body: Vec<u8>,
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
    /// Why it can never be broadcast.
    pub reason: String,
}

/// A call that is over.
#[derive(Debug)]
pub struct Done {
    /// What it was for.
    pub jobs: Vec<Job>,
    /// What of it Pusher will never take.
    pub refusals: Vec<Refusal>,
}

impl Open {
    /// Notes what is to be buried, unless that is noted already: several jobs are made of one event.
    pub fn will_bury(&mut self, body: Vec<u8>, reason: String) {
        if self.dead.iter().all(|letter| letter.body != body) {
            self.dead.push(DeadLetter { body, reason });
        }
    }
}
