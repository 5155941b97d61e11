//! The whole system, from a send over HTTP to what pusher-js receives.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod authentication;
mod connect;
mod desk;
mod encrypted;
mod events;
mod failures;
mod logs;
mod metrics;
mod portal;
mod traces;
