//! The persister: consumes the events that the gateway accepted and writes them to PostgreSQL, a
//! batch at a time; then it announces the sessions that changed and acknowledges.
//!
//! - [`worker`]: the loop, and its behaviour during outages.
//! - [`batch`]: the events that the worker writes together.
//! - [`held_back`]: events whose conversations other transactions have locked.
//! - [`timeline`]: which session a message belongs to, without a database.
//! - [`staff_facts`]: what staff keeps about a session, without a database.
//! - [`assigner`]: assigns sessions to the staff at their desks.
//! - [`store`]: the database: batches, erasure, archiving, the audit, V1.2's tables.
//! - [`archive`]: the files into which old messages are moved.
//! - [`commands`]: the operators' commands: migrate, export, erase, archive, audit, predecessor.

pub mod archive;
pub mod assigner;
pub mod batch;
pub mod commands;
pub mod held_back;
pub mod metrics;
pub mod settings;
pub mod staff_facts;
pub mod store;
pub mod timeline;
pub mod worker;
