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

/// The state that all handlers share.
#[derive(Debug)]
pub struct World {
    /// The settings of the server.
    pub settings: Settings,
    /// Connections and subscriptions.
    pub hub: Hub,
    /// Calls to the HTTP API.
    pub ledger: Ledger,
    /// The fault of the HTTP API.
    pub faults: Faults,
    /// Cancelled when the server stops.
    pub stop: CancellationToken,
    /// Until then, new WebSockets are cut.
    refuses_until: Mutex<Option<Instant>>,
}

impl World {
    /// Without connections and faults.
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

    /// Sends accepted events to their subscribers, and records them.
    pub fn publish(&self, events: &[Event]) {
        for event in events {
            for channel in &event.channels {
                let frame = Frame::event(channel, &event.name, &event.data);
                self.hub.publish(channel, &frame, event.except.as_ref());
            }
        }
        self.ledger.accept(events);
    }

    /// Cuts new WebSockets for this time.
    pub fn refuse_connections_for(&self, time: Duration) {
        *self.refuses_until.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Instant::now() + time);
    }

    /// Whether new WebSockets are cut.
    pub fn refuses_connections(&self) -> bool {
        let until = *self.refuses_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }
}
