//! What the services have in common.
//!
//! - [`chat`]: the words of the chat (a message, a session, a player) as types that cannot be
//!   wrong, and the events in which they travel.
//! - [`broker`]: the queue between the services: its topology, confirmed publishing, consuming,
//!   dead letters.
//! - [`service`]: how a service runs: settings, logs, health, stopping, waiting out an outage.
//!
//! Nothing here knows of the database or of Pusher: each of these belongs to one worker alone.

pub mod broker;
pub mod chat;
pub mod service;
