//! Tests of the broadcaster on a real RabbitMQ and on Pushers with injected faults.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod answers;
mod batches;
mod coalescing;
mod dead_letters;
mod described;
mod in_flight;
mod outages;
mod partitions;
mod properties;
mod reads;
mod staff_names;
mod stopping;
mod support;
