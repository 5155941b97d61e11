//! No output contains a secret, and no log the content of a message.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod debugging;
mod planted;
mod refused;
mod settings;
mod working;
