//! A Pusher Channels server for development and tests, in one process and in memory. It implements
//! the protocols of `pusher-js` and of Pusher's server SDKs, checks signatures and limits as Pusher
//! does, and injects faults: delays, errors, broken connections.
//!
//! - `protocol`: the messages of the WebSocket protocol, as validated types.
//! - `hub`: connections, subscriptions and the delivery of events.
//! - `websocket`: `/app/{key}`, where clients connect.
//! - `api`: `/apps/{id}/…`, where servers trigger events.
//! - `control`: `/control/…`, where tests inject faults and read accepted events.
//!
//! The handlers share a `world::World`. Tests of other crates start a [`Server`] on a free port.

mod api;
mod control;
mod health;
mod hub;
mod protocol;
mod server;
mod settings;
mod websocket;
mod wire;
mod world;

pub use server::Server;
pub use settings::{SecondPair, Settings};
