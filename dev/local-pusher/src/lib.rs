//! A Pusher Channels server for development and tests, in one process and in memory: it speaks
//! what `pusher-js` and Pusher's server SDKs speak, checks signatures and limits as Pusher does,
//! and can be told to be slow, to refuse, or to break off.
//!
//! - `protocol`: what is said over a WebSocket, as types that cannot be wrong.
//! - `hub`: who is connected and listens to what; how an event reaches them.
//! - `websocket`: `/app/{key}`, where clients connect.
//! - `api`: `/apps/{id}/…`, where servers trigger events.
//! - `control`: `/control/…`, where tests order faults and ask what was accepted.
//!
//! Everything below a route is plain functions on a `world::World`, which all of them share. A
//! test of another crate starts a [`Server`] on a port of its own.

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
pub use settings::Settings;
