//! Events whose conversations other transactions have locked.
//!
//! Each keeps its delivery unacknowledged, so that the prefetch bounds their number. When there are
//! too many, the events of many deliveries are published again in few bodies, at the end of the
//! queue.

use std::time::Duration;

use chat::body;
use chrono::{DateTime, Utc};
use service::backoff::{self, Waits};
use tokio::time::Instant;

use crate::batch::HeldBack;

/// The events that are held back, and the time of the next attempt.
#[derive(Default)]
pub struct HeldBackEvents {
    deliveries: Vec<HeldBack>,
    retry: Option<(Instant, Waits)>,
}

/// Bodies that replace held back deliveries.
pub struct Compacted {
    /// The bodies to publish.
    pub bodies: Vec<Vec<u8>>,
    /// The deliveries to acknowledge once these are published.
    pub replaced: Vec<HeldBack>,
}

impl HeldBackEvents {
    /// The number of deliveries.
    pub fn len(&self) -> usize {
        self.deliveries.len()
    }

    /// Whether nothing is held back.
    pub fn is_empty(&self) -> bool {
        self.deliveries.is_empty()
    }

    /// The number of events.
    pub fn events(&self) -> usize {
        self.deliveries.iter().map(|held_back| held_back.events.len()).sum()
    }

    /// When the first event was accepted.
    pub fn earliest(&self) -> Option<DateTime<Utc>> {
        self.deliveries.iter().filter_map(HeldBack::earliest).min()
    }

    /// The time of the next attempt.
    pub fn retry_at(&self) -> Option<Instant> {
        self.retry.as_ref().filter(|_| !self.is_empty()).map(|(at, _)| *at)
    }

    /// Removes and returns all deliveries if the next attempt is due.
    pub fn take_due(&mut self) -> Vec<HeldBack> {
        match self.retry_at() {
            Some(at) if at <= Instant::now() => std::mem::take(&mut self.deliveries),
            _ => Vec::new(),
        }
    }

    /// Holds `deliveries` back. `retried` says that they were held back before: the wait until the
    /// next attempt grows.
    pub fn add(&mut self, deliveries: Vec<HeldBack>, retried: bool) {
        if deliveries.is_empty() && self.is_empty() {
            self.retry = None;
            return;
        }
        self.deliveries.extend(deliveries);
        let (due, mut waits) = match self.retry.take() {
            Some((due, waits)) => (due, waits),
            None => (Instant::now(), backoff::waits()),
        };
        let is_due = retried || due <= Instant::now();
        let next = if is_due { Instant::now() + waits.next().unwrap_or_default() } else { due };
        self.retry = Some((next, waits));
    }

    /// Puts the events into fewer and larger bodies, if a delivery is older than `age`, or if there are
    /// more than `limit` deliveries and half of `limit` bodies are enough. `None` otherwise.
    pub fn compact(&mut self, limit: usize, age: Duration) -> Option<Compacted> {
        let old = |held_back: &HeldBack| held_back.delivery.taken_at.elapsed() >= age;
        let is_old = self.deliveries.iter().any(old);
        if !is_old && self.deliveries.len() <= limit {
            return None;
        }
        let events = self.deliveries.iter().flat_map(HeldBack::encode);
        let bodies = body::encode_in_parts(events);
        if !is_old && bodies.len() > limit / 2 {
            return None;
        }
        Some(Compacted { bodies, replaced: std::mem::take(&mut self.deliveries) })
    }
}
