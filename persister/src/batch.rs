//! What is taken off the queue together.

use std::collections::HashSet;

use broker::{BrokerError, Consumer, DeadLetter, DeadLetterReason, Delivery};
use chat::event::{self, EncodedEvent, Event, UnreadableEvent};
use chrono::{DateTime, Utc};
use tokio::time::{Instant, timeout_at};

use crate::settings::Settings;

/// Some bodies from the queue, opened.
#[derive(Debug, Default)]
pub struct Batch {
    /// The bodies, in the order in which they were taken.
    pub deliveries: Vec<OpenDelivery>,
    /// What is to be written, in the order of arrival.
    pub events: Vec<Event>,
    /// The place among `deliveries` of the body of each event.
    owners: Vec<usize>,
}

/// A body that is not acknowledged yet.
#[derive(Debug)]
pub struct OpenDelivery {
    /// What to acknowledge it by.
    pub tag: u64,
    /// When it was taken off the queue.
    pub taken_at: Instant,
    /// What of it can never be written.
    pub dead: Vec<DeadLetter>,
}

/// A body of which some events could not be written, since their conversations were locked.
#[derive(Debug)]
pub struct HeldBack {
    /// The body.
    pub delivery: OpenDelivery,
    /// Those events.
    pub events: Vec<Event>,
}

impl HeldBack {
    /// When the first of its events was accepted.
    pub fn earliest(&self) -> Option<DateTime<Utc>> {
        self.events.iter().filter_map(Event::accepted_at).min()
    }

    /// Its events in JSON.
    pub fn encode(&self) -> impl Iterator<Item = EncodedEvent> {
        self.events.iter().filter_map(|event| event.encode().ok())
    }
}

impl Batch {
    /// Takes what was held back, then `first`, and what comes after it until the batch is full or its
    /// time is up. When the future is dropped, what it took waits until the broker hands it out again.
    ///
    /// # Errors
    /// When the broker hands out no more.
    pub async fn collect(
        held_back: Vec<HeldBack>,
        first: Option<Delivery>,
        deliveries: &mut Consumer,
        settings: &Settings,
    ) -> Result<Self, BrokerError> {
        let mut batch = Self::default();
        for HeldBack { delivery, events } in held_back {
            batch.owners.extend(events.iter().map(|_| batch.deliveries.len()));
            batch.events.extend(events);
            batch.deliveries.push(delivery);
        }
        let Some(first) = first else { return Ok(batch) };
        batch.open(first);
        let deadline = Instant::now() + settings.batch_max_wait;
        while batch.events.len() < usize::from(settings.batch_max_events) {
            match timeout_at(deadline, deliveries.next()).await {
                Ok(delivery) => batch.open(delivery?),
                Err(_) => break,
            }
        }
        Ok(batch)
    }

    fn open(&mut self, delivery: Delivery) {
        let (mut dead, owner) = (Vec::new(), self.deliveries.len());
        match event::decode(&delivery.body) {
            Ok(events) => {
                for event in events {
                    match writable(event) {
                        Ok(event) => {
                            self.events.push(event);
                            self.owners.push(owner);
                        }
                        Err(letter) => dead.extend(*letter),
                    }
                }
            }
            Err(error) => {
                dead.push(DeadLetter::from((delivery.body, error)));
            }
        }
        self.deliveries.push(OpenDelivery { tag: delivery.tag, taken_at: Instant::now(), dead });
    }

    /// Adds the event at `place` to what can never be written of its body.
    pub fn set_aside(&mut self, place: usize, kind: DeadLetterReason, reason: &str) {
        let (event, owner) = (self.events.get(place), self.owners.get(place));
        let letter = event.and_then(|event| DeadLetter::new(event, kind, reason));
        if let Some(delivery) = owner.and_then(|&owner| self.deliveries.get_mut(owner)) {
            delivery.dead.extend(letter);
        }
    }

    /// The bodies that are done, and those of which the events at `left` are left.
    pub fn divide(self, left: &HashSet<usize>) -> (Vec<OpenDelivery>, Vec<HeldBack>) {
        if left.is_empty() {
            return (self.deliveries, Vec::new());
        }
        let mut events: Vec<Vec<Event>> = self.deliveries.iter().map(|_| Vec::new()).collect();
        for (place, (event, owner)) in self.events.into_iter().zip(self.owners).enumerate() {
            if left.contains(&place)
                && let Some(events) = events.get_mut(owner)
            {
                events.push(event);
            }
        }
        let (mut done, mut held_back) = (Vec::new(), Vec::new());
        for (delivery, events) in self.deliveries.into_iter().zip(events) {
            if events.is_empty() {
                done.push(delivery);
            } else {
                held_back.push(HeldBack { delivery, events });
            }
        }
        (done, held_back)
    }

    /// When the first of its events was accepted.
    pub fn earliest(&self) -> Option<DateTime<Utc>> {
        self.events.iter().filter_map(Event::accepted_at).min()
    }
}

/// The event, if it is one to be written.
fn writable(event: Result<Event, UnreadableEvent>) -> Result<Event, Box<Option<DeadLetter>>> {
    match event {
        Ok(event @ (Event::SessionUpdated(_) | Event::MessageRejected(_))) => {
            let kind = DeadLetterReason::Misdirected;
            let reason = "the persister publishes this kind of event and writes none";
            Err(Box::new(DeadLetter::new(&event, kind, reason)))
        }
        Ok(event) => Ok(event),
        Err(unreadable) => Err(Box::new(Some(unreadable.into()))),
    }
}
