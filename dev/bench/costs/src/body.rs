//! What a body between the services costs: the gateway puts events into it, and each worker takes
//! them out.

use std::hint::black_box;

use anyhow::ensure;
use chat::event::{self, Event};

use crate::{Call, samples};

/// Puts events, which are in JSON already, into one body.
pub fn encode(count: usize) -> anyhow::Result<Call> {
    let events = samples::events(count)?;
    let encoded: Vec<_> = events.iter().map(Event::encode).collect::<Result<_, _>>()?;
    Ok(Box::new(move || {
        black_box(event::encode(black_box(&encoded)));
        Ok(())
    }))
}

/// Takes the events out of a body.
pub fn decode(count: usize) -> anyhow::Result<Call> {
    let events = samples::events(count)?;
    let encoded: Vec<_> = events.iter().map(Event::encode).collect::<Result<_, _>>()?;
    let body = event::encode(&encoded);
    let decoded = event::decode(&body)?.into_iter().collect::<Result<Vec<_>, _>>()?;
    ensure!(decoded == events, "what is put in does not come out");
    Ok(Box::new(move || {
        black_box(event::decode(black_box(&body))?);
        Ok(())
    }))
}
