//! That nothing which a service says holds a secret of its settings, and no log a player's words.

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
