//! The body between the services: the gateway encodes it, and each worker decodes it.

use std::hint::black_box;

use anyhow::ensure;
use chat::event::{self, Event};

use crate::{Call, samples};

/// Joins encoded events into a body.
pub fn encode(count: usize) -> anyhow::Result<Call> {
    let events = samples::events(count)?;
    let encoded: Vec<_> = events.iter().map(Event::encode).collect::<Result<_, _>>()?;
    Ok(Box::new(move || {
        black_box(event::encode(black_box(&encoded)));
        Ok(())
    }))
}

/// Decodes the events of a body.
pub fn decode(count: usize) -> anyhow::Result<Call> {
    let events = samples::events(count)?;
    let encoded: Vec<_> = events.iter().map(Event::encode).collect::<Result<_, _>>()?;
    let body = event::encode(&encoded);
    let decoded = event::decode(&body)?.into_iter().collect::<Result<Vec<_>, _>>()?;
    ensure!(decoded == events, "the decoded events differ from the encoded ones");
    Ok(Box::new(move || {
        black_box(event::decode(black_box(&body))?);
        Ok(())
    }))
}
