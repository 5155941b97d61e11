//! The procedures of docs/operations.md under load.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod accounts;
mod attachment_secret;
mod backup;
mod broker_disk;
mod dump_page;
mod fleet;
mod predecessor;
mod previous_release;
mod programs;
mod pusher_secrets;
mod recovery;
mod scripts;
mod secrets;
mod senders;
