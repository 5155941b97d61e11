//! The chat's PostgreSQL database: its schema, its migrations, how to connect.
//!
//! Only the persister writes to it and only the gateway reads from it; the broadcaster does not
//! even link this crate.

mod connection;
mod last_message;
mod migrate;
mod pool;
/// The tables, as `diesel print-schema` reads them from a migrated database.
#[allow(missing_docs, reason = "generated")]
pub mod schema;
mod settings;

pub use connection::{Unavailable, cancel, connect, connect_to_write, probe};
pub use last_message::{LastMessageAt, last_message_at};
pub use migrate::migrate;
pub use pool::{Pool, pool};
pub use settings::DatabaseSettings;
