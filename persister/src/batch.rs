//! The events that the worker consumes and writes together.

use std::collections::HashSet;

use broker::{BrokerError, Consumer, DeadLetter, DeadLetterReason, Delivery};
use chat::{
    body::{self, UnreadableEvent},
    event::{EncodedEvent, Event},
};
use chrono::{DateTime, Utc};
use tokio::time::{Instant, timeout_at};

use crate::settings::Settings;

/// Deliveries and their events.
#[derive(Debug, Default)]
pub struct DeliveryBatch {
    /// The deliveries, in the order in which they were consumed.
    pub deliveries: Vec<PendingDelivery>,
    /// The events to write, in the order of arrival.
    pub events: Vec<Event>,
    /// For each event the index of its delivery.
    owners: Vec<usize>,
    /// How many of the events are read marks.
    marks: usize,
}

/// An unacknowledged delivery.
#[derive(Debug)]
pub struct PendingDelivery {
    /// The delivery tag.
    pub tag: u64,
    /// When it was consumed.
    pub taken_at: Instant,
    /// Its events that can never be written.
    pub dead: Vec<DeadLetter>,
}

/// A delivery with events whose conversations were locked.
#[derive(Debug)]
pub struct HeldBack {
    /// The delivery.
    pub delivery: PendingDelivery,
    /// The events that were not written.
    pub events: Vec<Event>,
}

impl HeldBack {
    /// When its first event was accepted.
    pub fn earliest(&self) -> Option<DateTime<Utc>> {
        earliest(&self.events)
    }

    /// Its events in JSON.
    pub fn encode(&self) -> impl Iterator<Item = EncodedEvent> {
        self.events.iter().filter_map(|event| event.encode().ok())
    }
}

impl DeliveryBatch {
    /// Collects what was held back, then `first` and further deliveries until the batch is full or
    /// has waited for `batch_max_wait`. When the future is dropped, the broker redelivers what it
    /// consumed.
    ///
    /// # Errors
    /// When the broker delivers no more.
    pub async fn collect(
        held_back: Vec<HeldBack>,
        first: Option<Delivery>,
        deliveries: &mut Consumer,
        settings: &Settings,
    ) -> Result<Self, BrokerError> {
        let mut batch = Self::default();
        for HeldBack { delivery, events } in held_back {
            let marks = events.iter().filter(|event| matches!(event, Event::ReadMark(_)));
            batch.marks += marks.count();
            batch.owners.extend(events.iter().map(|_| batch.deliveries.len()));
            batch.events.extend(events);
            batch.deliveries.push(delivery);
        }
        let Some(first) = first else { return Ok(batch) };
        batch.open(first);
        let deadline = Instant::now() + settings.batch_max_wait;
        while !batch.is_full(usize::from(settings.batch_max_events)) {
            match timeout_at(deadline, deliveries.next()).await {
                Ok(delivery) => batch.open(delivery?),
                Err(_) => break,
            }
        }
        Ok(batch)
    }

    /// Whether it has `limit` marks, or as many other events. Marks count apart, since they cost a
    /// fraction of a message: otherwise a reader for each message would halve the batches.
    fn is_full(&self, limit: usize) -> bool {
        self.marks.max(self.events.len() - self.marks) >= limit
    }

    fn open(&mut self, delivery: Delivery) {
        let (mut dead, owner) = (Vec::new(), self.deliveries.len());
        match body::decode(&delivery.body) {
            Ok(events) => {
                for event in events {
                    match writable(event) {
                        Ok(event) => {
                            self.marks += usize::from(matches!(event, Event::ReadMark(_)));
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
        self.deliveries.push(PendingDelivery { tag: delivery.tag, taken_at: Instant::now(), dead });
    }

    /// Makes the event at `index` a dead letter of its delivery.
    pub fn set_aside(&mut self, index: usize, kind: DeadLetterReason, reason: &str) {
        let (event, owner) = (self.events.get(index), self.owners.get(index));
        let letter = event.and_then(|event| DeadLetter::new(event, kind, reason));
        if let Some(delivery) = owner.and_then(|&owner| self.deliveries.get_mut(owner)) {
            delivery.dead.extend(letter);
        }
    }

    /// Splits the deliveries into those that are done and those with events at the indices `left`.
    pub fn divide(self, left: &HashSet<usize>) -> (Vec<PendingDelivery>, Vec<HeldBack>) {
        if left.is_empty() {
            return (self.deliveries, Vec::new());
        }
        let mut events: Vec<Vec<Event>> = self.deliveries.iter().map(|_| Vec::new()).collect();
        for (index, (event, owner)) in self.events.into_iter().zip(self.owners).enumerate() {
            if left.contains(&index)
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

    /// When the first event was accepted.
    pub fn earliest(&self) -> Option<DateTime<Utc>> {
        earliest(&self.events)
    }
}

fn earliest(events: &[Event]) -> Option<DateTime<Utc>> {
    events.iter().filter_map(Event::accepted_at).min()
}

/// Returns the event if the persister writes its kind.
fn writable(event: Result<Event, UnreadableEvent>) -> Result<Event, Box<Option<DeadLetter>>> {
    match event {
        Ok(
            event @ (Event::SessionUpdated(_)
            | Event::MessageRejected(_)
            | Event::ReadUpdated(_)
            | Event::CannedRepliesUpdated(_)),
        ) => {
            let kind = DeadLetterReason::Misdirected;
            let reason = "the persister publishes this kind of event and does not write it";
            Err(Box::new(DeadLetter::new(&event, kind, reason)))
        }
        Ok(event) => Ok(event),
        Err(unreadable) => Err(Box::new(Some(unreadable.into()))),
    }
}
