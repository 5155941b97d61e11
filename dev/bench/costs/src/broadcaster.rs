//! The broadcaster's work for a message before it calls Pusher.

use std::hint::black_box;

use broadcaster::events::{self, PusherEvent};
use chat::StaffNames;
use pusher::{Channels, limits::MAX_EVENTS_PER_BATCH};

use crate::{Call, samples};

/// Builds the events of staff and player for a message.
pub fn pusher_events() -> anyhow::Result<Call> {
    let events = samples::events(1)?;
    Ok(Box::new(move || {
        for event in &events {
            black_box(events::pusher_events(
                black_box(event),
                &Channels::Private,
                StaffNames::Hidden,
            )?);
        }
        Ok(())
    }))
}

/// Builds the body of a call with ten events.
pub fn batch() -> anyhow::Result<Call> {
    let events = batch_of_ten()?;
    Ok(Box::new(move || {
        let events: Vec<_> = black_box(&events).iter().collect();
        black_box(events::batch(&events)?);
        Ok(())
    }))
}

/// As many events as a call may have.
pub fn batch_of_ten() -> anyhow::Result<Vec<PusherEvent>> {
    let mut batch = Vec::new();
    for event in samples::events(MAX_EVENTS_PER_BATCH)? {
        batch.extend(events::pusher_events(&event, &Channels::Private, StaffNames::Hidden)?);
    }
    batch.truncate(MAX_EVENTS_PER_BATCH);
    Ok(batch)
}
