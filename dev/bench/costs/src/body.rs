//! The body between the services: the gateway encodes it, and each worker decodes it.

use std::hint::black_box;

use anyhow::ensure;
use chat::{body, event::Event};

use crate::{Call, samples};

/// Joins encoded events into a body.
pub fn encode(count: usize) -> anyhow::Result<Call> {
    let events = samples::events(count)?;
    let encoded: Vec<_> = events.iter().map(Event::encode).collect::<Result<_, _>>()?;
    Ok(Box::new(move || {
        black_box(body::encode(black_box(&encoded)));
        Ok(())
    }))
}

/// Decodes the events of a body.
pub fn decode(count: usize) -> anyhow::Result<Call> {
    let events = samples::events(count)?;
    let encoded: Vec<_> = events.iter().map(Event::encode).collect::<Result<_, _>>()?;
    let body = body::encode(&encoded);
    let decoded = body::decode(&body)?.into_iter().collect::<Result<Vec<_>, _>>()?;
    ensure!(decoded == events, "the decoded events differ from the encoded ones");
    Ok(Box::new(move || {
        black_box(body::decode(black_box(&body))?);
        Ok(())
    }))
}
