//! The chat's PostgreSQL database: schema, migrations, connections.
//!
//! The persister writes to it, and the gateway reads from it. The broadcaster does not link this
//! crate.

mod connection;
mod distribution;
mod last_message;
mod migrate;
mod pool;
/// The tables, printed by `diesel print-schema` from a migrated database.
#[allow(missing_docs, reason = "generated")]
pub mod schema;
mod settings;

pub use connection::{Unavailable, cancel, connect, connect_to_read, connect_to_write, probe};
pub use distribution::{distribute, keys_without_player};
pub use last_message::{LastMessageAt, last_message_at};
pub use migrate::migrate;
pub use pool::{Pool, pool};
pub use settings::DatabaseSettings;
