//! The persister: takes what the gateway accepted off its queue and writes it to PostgreSQL, a
//! batch at a time, then announces the sessions that changed, then acknowledges.
//!
//! - [`worker`]: the loop, and what happens while something is away.
//! - [`batch`]: what is taken off the queue together.
//! - [`timeline`]: which session a message belongs to, without a database.
//! - [`store`]: one batch, one transaction.

pub mod batch;
pub mod metrics;
pub mod settings;
pub mod store;
pub mod timeline;
pub mod worker;
