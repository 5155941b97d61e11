//! Tests of a whole server through its clients. Each test has its own server.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of a test fail by panicking, as the test does"
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
