//! What the broadcaster does with a message before it calls Pusher.

use std::hint::black_box;

use broadcaster::events::{self, PusherEvent};
use pusher::{Channels, limits::MAX_EVENTS_PER_BATCH};

use crate::{Call, samples};

/// Makes what the staff and the player hear of a message.
pub fn pusher_events() -> anyhow::Result<Call> {
    let events = samples::events(1)?;
    Ok(Box::new(move || {
        for event in &events {
            black_box(events::pusher_events(black_box(event), &Channels::Private)?);
        }
        Ok(())
    }))
}

/// Puts ten of these into the body of one call.
pub fn batch() -> anyhow::Result<Call> {
    let events = batch_of_ten()?;
    Ok(Box::new(move || {
        let events: Vec<_> = black_box(&events).iter().collect();
        black_box(events::batch(&events)?);
        Ok(())
    }))
}

/// As many events as one call to Pusher takes.
pub fn batch_of_ten() -> anyhow::Result<Vec<PusherEvent>> {
    let mut batch = Vec::new();
    for event in samples::events(MAX_EVENTS_PER_BATCH)? {
        batch.extend(events::pusher_events(&event, &Channels::Private)?);
    }
    batch.truncate(MAX_EVENTS_PER_BATCH);
    Ok(batch)
}
