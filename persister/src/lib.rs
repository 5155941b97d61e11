//! The persister: takes what the gateway accepted off its queue and writes it to PostgreSQL, a
//! batch at a time, then announces the sessions that changed, then acknowledges.
//!
//! - [`worker`]: the loop, and what happens while something is away.
//! - [`batch`]: what is taken off the queue together.
//! - [`held_back`]: events that wait for conversations which other transactions have locked.
//! - [`timeline`]: which session a message belongs to, without a database.
//! - [`store`]: one batch, one transaction; what is erased, and what goes into
//!   archives.
//! - [`export`]: all that is stored of one player.
//! - [`archive`]: history that is older than it is to be kept.
//! - [`audit`]: what staff did, for operators.
//! - [`privacy`]: what operators do when a player asks for what is stored, or for its end.

pub mod archive;
pub mod audit;
pub mod batch;
pub mod export;
pub mod held_back;
pub mod metrics;
pub mod privacy;
pub mod record;
pub mod settings;
pub mod store;
pub mod timeline;
pub mod worker;
