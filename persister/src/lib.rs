//! The persister: takes what the gateway accepted off its queue and writes it to PostgreSQL, a
//! batch at a time, then announces the sessions that changed, then acknowledges.
//!
//! - [`worker`]: the loop, and what happens while something is away.
//! - [`batch`]: what is taken off the queue together.
//! - [`held_back`]: events that wait for conversations which other transactions have locked.
//! - [`timeline`]: which session a message belongs to, without a database.
//! - [`store`]: one batch, one transaction; what is erased, and what goes into
//!   archives.
//! - [`archive`]: the files into which old messages are moved.
//! - [`commands`]: what operators run: migrate, export, erase, archive, audit.

pub mod archive;
pub mod batch;
pub mod commands;
pub mod held_back;
pub mod metrics;
pub mod settings;
pub mod store;
pub mod timeline;
pub mod worker;
