//! A whole server, on a port of its own for each test, as its clients see it.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's helpers fail by panicking, as the test does"
)]

mod api;
mod clients;
mod faults;
mod harness;
mod health;
mod http;
mod node;
mod presence;
mod properties;
mod protocol;
mod reconnect;
mod subscriptions;
mod websocket;
