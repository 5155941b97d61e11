//! The gateway: accepts messages for the queue, and reads conversations from the database. It keeps
//! nothing itself, so that any number of them may run.
//!
//! - [`startup`]: how it starts and stops.
//! - [`application`]: what the calls work with.
//! - [`routes`]: one file a call; each parses, calls, maps.
//! - [`auth`]: who a caller is, and what it may do.
//! - [`http`]: what all calls have in common: bodies, parameters, problems.
//! - [`connections`]: what clients' connections may take.
//! - [`answers`]: what answers may take.
//! - [`input`]: what the text and the ids of a client may be.
//! - [`limits`]: how much anybody may ask.
//! - [`clock`]: the time at which something is accepted.
//! - [`group_commit`]: how an event gets safely into both queues.
//! - [`portal`]: the portal's pages.
//! - [`reads`]: what is read from the database.

pub mod answers;
pub mod application;
mod audit;
pub mod auth;
pub mod clock;
pub mod connections;
mod descriptors;
pub mod group_commit;
pub mod http;
pub mod input;
pub mod labels;
pub mod limits;
pub mod metrics;
pub mod openapi;
mod orphaned_queues;
pub mod portal;
pub mod reads;
pub mod refusing_queues;
pub mod routes;
pub mod settings;
pub mod startup;
