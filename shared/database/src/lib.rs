//! The chat's PostgreSQL database: schema, migrations, connections.
//!
//! The persister writes to it, and the gateway reads from it. The broadcaster does not link this
//! crate.

mod address;
mod connection;
mod distribution;
mod last_message;
mod migrate;
mod pool;
mod pooler;
/// The tables, printed by `diesel print-schema` from a migrated database.
#[allow(missing_docs, reason = "generated")]
pub mod schema;
mod settings;

pub use address::Server;
pub use connection::{
    Unavailable, cancel, connect, connect_to_read, connect_to_write, probe, probe_server,
};
pub use distribution::{distribute, keys_without_player};
pub use last_message::{LastMessageAt, last_message_at};
pub use migrate::migrate;
pub use pool::{Pool, pool};
pub use pooler::require_own_session;
pub use settings::DatabaseSettings;
