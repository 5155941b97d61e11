//! The procedures of docs/operations.md under load.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod accounts;
mod backup;
mod fleet;
mod predecessor;
mod previous_release;
mod programs;
mod secrets;
mod senders;
