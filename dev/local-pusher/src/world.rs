use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use crate::{
    control::{Faults, Ledger},
    hub::Hub,
    protocol::{Event, Frame},
    settings::Settings,
};

/// All that the server's handlers share.
#[derive(Debug)]
pub struct World {
    /// What it was started with.
    pub settings: Settings,
    /// Who listens to what.
    pub hub: Hub,
    /// What was asked of the HTTP API.
    pub ledger: Ledger,
    /// How the HTTP API is told to fail.
    pub faults: Faults,
    /// Cancelled when the server stops.
    pub stop: CancellationToken,
    /// Until when a new WebSocket is broken off at once.
    refuses_until: Mutex<Option<Instant>>,
}

impl World {
    /// A world in which nothing has happened yet.
    pub fn new(settings: Settings) -> Self {
        let stop = CancellationToken::new();
        Self {
            hub: Hub::default(),
            ledger: Ledger::new(settings.accepted_events),
            faults: Faults::new(stop.clone()),
            refuses_until: Mutex::default(),
            settings,
            stop,
        }
    }

    /// Sends an accepted event to its subscribers and enters it in the ledger.
    pub fn publish(&self, events: &[Event]) {
        for event in events {
            for channel in &event.channels {
                let frame = Frame::event(channel, &event.name, &event.data);
                self.hub.publish(channel, &frame, event.except.as_ref());
            }
        }
        self.ledger.accept(events);
    }

    /// Breaks new WebSockets off for this long.
    pub fn refuse_connections_for(&self, time: Duration) {
        *self.refuses_until.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Instant::now() + time);
    }

    /// Whether a new WebSocket is broken off now.
    pub fn refuses_connections(&self) -> bool {
        let until = *self.refuses_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }
}
