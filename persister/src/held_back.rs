//! Events that wait for their conversations, which other transactions have locked.
//!
//! Each keeps its body unacknowledged, which bounds how many there may be. Where they are too many,
//! those of many bodies are published again in few, at the end of the queue.

use std::time::Duration;

use chat::event;
use chrono::{DateTime, Utc};
use service::backoff::{self, Waits};
use tokio::time::Instant;

use crate::batch::HeldBack;

/// Bytes of events that are published again in one body: what a gateway puts into one.
const BYTES_TOGETHER: usize = 96 * 1024;

/// What is held back, and when it is tried again.
#[derive(Default)]
pub struct HeldBackEvents {
    bodies: Vec<HeldBack>,
    retry: Option<(Instant, Waits)>,
}

/// Bodies to be published again, in whose place others can be acknowledged.
pub struct Compacted {
    /// What to publish.
    pub bodies: Vec<Vec<u8>>,
    /// What to acknowledge then.
    pub replaced: Vec<HeldBack>,
}

impl HeldBackEvents {
    /// How many bodies there are.
    pub fn len(&self) -> usize {
        self.bodies.len()
    }

    /// Whether nothing is held back.
    pub fn is_empty(&self) -> bool {
        self.bodies.is_empty()
    }

    /// How many events there are.
    pub fn events(&self) -> usize {
        self.bodies.iter().map(|body| body.events.len()).sum()
    }

    /// When the first of them was accepted.
    pub fn earliest(&self) -> Option<DateTime<Utc>> {
        self.bodies.iter().filter_map(HeldBack::earliest).min()
    }

    /// When it is time to try again.
    pub fn retry_at(&self) -> Option<Instant> {
        self.retry.as_ref().filter(|_| !self.is_empty()).map(|(at, _)| *at)
    }

    /// All of them, if it is time to try again.
    pub fn take_due(&mut self) -> Vec<HeldBack> {
        match self.retry_at() {
            Some(at) if at <= Instant::now() => std::mem::take(&mut self.bodies),
            _ => Vec::new(),
        }
    }

    /// Holds `bodies` back. `retried` says that they were taken from here a moment ago: the wait until
    /// the next time grows.
    pub fn add(&mut self, bodies: Vec<HeldBack>, retried: bool) {
        if bodies.is_empty() && self.is_empty() {
            self.retry = None;
            return;
        }
        self.bodies.extend(bodies);
        let (due, mut waits) = match self.retry.take() {
            Some((due, waits)) => (due, waits),
            None => (Instant::now(), backoff::waits()),
        };
        let is_due = retried || due <= Instant::now();
        let next = if is_due { Instant::now() + waits.next().unwrap_or_default() } else { due };
        self.retry = Some((next, waits));
    }

    /// What to do about more than `limit` bodies, or one that is older than `age`: fewer, larger ones.
    /// Nothing, if that would not help.
    pub fn compact(&mut self, limit: usize, age: Duration) -> Option<Compacted> {
        let old = |body: &HeldBack| body.delivery.taken_at.elapsed() >= age;
        let is_old = self.bodies.iter().any(old);
        if !is_old && self.bodies.len() <= limit {
            return None;
        }
        let mut bodies = Vec::new();
        let (mut together, mut size) = (Vec::new(), 0);
        for event in self.bodies.iter().flat_map(HeldBack::encode) {
            if size + event.size() > BYTES_TOGETHER || together.len() == event::MAX_EVENTS {
                bodies.push(event::encode(&together));
                together.clear();
                size = 0;
            }
            size += event.size();
            together.push(event);
        }
        if !together.is_empty() {
            bodies.push(event::encode(&together));
        }
        if !is_old && bodies.len() > limit / 2 {
            return None;
        }
        Some(Compacted { bodies, replaced: std::mem::take(&mut self.bodies) })
    }
}
