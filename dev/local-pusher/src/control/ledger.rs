use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use actix_web::http::StatusCode;
use serde::Serialize;

use super::{Events, Page};
use crate::protocol::{ChannelName, Event, EventName, SocketId};

/// A record of the calls to the HTTP API and of the accepted events.
#[derive(Debug)]
pub struct Ledger {
    entries: Mutex<Entries>,
    capacity: usize,
}

/// An accepted event for one channel.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AcceptedEvent {
    channel: ChannelName,
    name: EventName,
    data: String,
    socket_id: Option<SocketId>,
}

/// Numbers since the start or the last reset.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// All calls to the HTTP API.
    calls: u64,
    /// Accepted events, counted once for each channel.
    events: u64,
    /// Accepted events, by their name.
    by_event: BTreeMap<EventName, u64>,
    /// Calls by the status of their answer; `none` without a complete answer.
    by_status: BTreeMap<String, u64>,
    /// The largest number of events in one accepted call.
    max_events_per_call: u64,
    /// Calls without an answer yet.
    in_flight: u64,
    /// The largest number of calls in flight at once.
    max_in_flight: u64,
}

/// One call, from its arrival to its answer. Dropped without [`Call::answered`] it counts as `none`.
#[derive(Debug)]
pub struct Call<'a> {
    ledger: &'a Ledger,
    status: Option<StatusCode>,
}

#[derive(Debug, Default)]
struct Entries {
    counts: Counts,
    events: VecDeque<Arc<AcceptedEvent>>,
}

impl Ledger {
    /// Keeps the last `capacity` events.
    pub fn new(capacity: usize) -> Self {
        Self { entries: Mutex::default(), capacity }
    }

    /// Records a call.
    pub fn call(&self) -> Call<'_> {
        let counts = &mut self.lock().counts;
        counts.calls += 1;
        counts.in_flight += 1;
        counts.max_in_flight = counts.max_in_flight.max(counts.in_flight);
        Call { ledger: self, status: None }
    }

    /// Records the accepted events of one call.
    pub fn accept(&self, events: &[Event]) {
        let mut entries = self.lock();
        let mut accepted = 0;
        for event in events {
            for channel in &event.channels {
                accepted += 1;
                *entries.counts.by_event.entry(event.name.clone()).or_default() += 1;
                entries.keep(AcceptedEvent::new(event, channel), self.capacity);
            }
        }
        let counts = &mut entries.counts;
        counts.events += accepted;
        counts.max_events_per_call = counts.max_events_per_call.max(accepted);
    }

    /// The numbers of calls and events.
    pub fn counts(&self) -> Counts {
        self.lock().counts.clone()
    }

    /// The last accepted events, oldest first.
    pub fn events(&self) -> Events {
        Events::all(&self.lock().events)
    }

    /// The kept events after number `after`, oldest first, at most `limit`.
    pub fn page(&self, after: u64, limit: usize) -> Page {
        let entries = self.lock();
        Page::of(&entries.events, entries.counts.events, after, limit)
    }

    /// Resets everything except the calls in flight.
    pub fn reset(&self) {
        let mut entries = self.lock();
        let in_flight = entries.counts.in_flight;
        let counts = Counts { in_flight, max_in_flight: in_flight, ..Counts::default() };
        *entries = Entries { counts, events: VecDeque::new() };
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn keep(&mut self, event: AcceptedEvent, capacity: usize) {
        self.events.push_back(Arc::new(event));
        while self.events.len() > capacity {
            self.events.pop_front();
        }
    }
}

impl AcceptedEvent {
    fn new(event: &Event, channel: &ChannelName) -> Self {
        Self {
            channel: channel.clone(),
            name: event.name.clone(),
            data: event.data.clone(),
            socket_id: event.except.clone(),
        }
    }
}

impl Call<'_> {
    /// Records the answer.
    pub fn answered(mut self, status: StatusCode) {
        self.status = Some(status);
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let status =
            self.status.map_or_else(|| "none".to_owned(), |status| status.as_str().to_owned());
        let counts = &mut self.ledger.lock().counts;
        counts.in_flight = counts.in_flight.saturating_sub(1);
        *counts.by_status.entry(status).or_default() += 1;
    }
}
