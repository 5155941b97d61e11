//! What is taken off the queue together.

use chrono::{DateTime, Utc};
use shared::{
    broker::{Broken, Deliveries, Delivery},
    chat::{
        Subject,
        event::{self, Event, UnreadableEvent},
    },
};
use tokio::time::timeout_at;

use crate::{metrics::DeadLetterReason, settings::Settings};

/// Some bodies from the queue, opened.
#[derive(Debug)]
pub struct Batch {
    /// Acknowledging up to here acknowledges the whole batch.
    pub last_tag: u64,
    /// What is to be written, in the order of arrival.
    pub events: Vec<Event>,
    /// What can never be written.
    pub dead: Vec<DeadLetter>,
}

/// Something that can never be written, and why.
#[derive(Debug)]
pub struct DeadLetter {
    /// A body for the dead letters, which a replay can put back as it is.
    pub body: Vec<u8>,
    /// Which kind of reason there is.
    pub kind: DeadLetterReason,
    /// Why it can never be written.
    pub reason: String,
    /// What it is about, if that can be read.
    pub subject: Subject,
}

impl DeadLetter {
    /// An event that could be read.
    pub fn of(event: &Event, kind: DeadLetterReason, reason: &str) -> Option<Self> {
        let body = event::encode(&[event.encode().ok()?]);
        Some(Self { body, kind, reason: reason.to_owned(), subject: event.subject() })
    }
}

impl Batch {
    /// Takes what comes after `first` until the batch is full or its time is up. When the future is
    /// dropped, nobody deals with what it took until the broker hands it out again.
    ///
    /// # Errors
    /// When the broker hands out no more.
    pub async fn collect(
        first: Delivery,
        deliveries: &mut Deliveries,
        settings: &Settings,
    ) -> Result<Self, Broken> {
        let mut batch = Self { last_tag: first.tag, events: Vec::new(), dead: Vec::new() };
        batch.open(first);
        let deadline = tokio::time::Instant::now() + settings.batch_max_wait;
        while batch.events.len() < usize::from(settings.batch_max_events) {
            match timeout_at(deadline, deliveries.next()).await {
                Ok(delivery) => batch.open(delivery?),
                Err(_) => break,
            }
        }
        Ok(batch)
    }

    fn open(&mut self, delivery: Delivery) {
        self.last_tag = delivery.tag;
        match event::decode(&delivery.body) {
            Ok(events) => events.into_iter().for_each(|event| self.add(event)),
            Err(error) => {
                let (body, kind) = (delivery.body, DeadLetterReason::Unreadable);
                self.dead.push(DeadLetter {
                    body,
                    kind,
                    reason: error.to_string(),
                    subject: Subject::default(),
                });
            }
        }
    }

    fn add(&mut self, event: Result<Event, UnreadableEvent>) {
        match event {
            Ok(event @ (Event::SessionUpdated(_) | Event::MessageRejected(_))) => {
                let kind = DeadLetterReason::Misdirected;
                let reason = "the persister publishes this kind of event and writes none";
                self.dead.extend(DeadLetter::of(&event, kind, reason));
            }
            Ok(event) => self.events.push(event),
            Err(UnreadableEvent { event, reason }) => {
                let (body, kind) = (event::encode([&event]), DeadLetterReason::Unreadable);
                self.dead.push(DeadLetter { body, kind, reason, subject: Subject::default() });
            }
        }
    }

    /// When the first of its events was accepted.
    pub fn earliest(&self) -> Option<DateTime<Utc>> {
        self.events.iter().filter_map(Event::accepted_at).min()
    }
}
