//! Clients' connections: how many there are, and what each may take.
//!
//! actix buffers up to 128 KiB of a head, reads on while it answers, and waits for ever on a client that
//! does not take its answer. None of that has a setting, so a stream of our own stands between actix and
//! the socket.
//!
//! - [`Connections`]: admits connections, keeps their number bounded, and closes those that are overdue.
//! - [`Connection`]: what happens on one connection.
//! - [`BoundedStream`]: the socket, of which actix reads no more than it may hold.
//! - [`serve`]: the HTTP server on these streams.
//! - [`track_request`]: tells a connection of the requests on it.

mod connection;
mod heads;
mod pieces;
mod registry;
mod server;
mod stream;
mod track_request;

pub use connection::Connection;
pub use pieces::HeldUntilSent;
pub use registry::{Bounds, Connections};
pub use server::{Parts, serve};
pub use stream::BoundedStream;
pub use track_request::track_request;

/// The most bytes that the head of a request may have.
pub const HEAD_LIMIT: usize = 16 * 1024;

/// The most memory that one connection takes, whatever its client does: actix's buffers, a head, and the
/// requests that came with it. Bodies and answers have budgets of their own. Source: the test
/// `memory_of_a_connection_is_bounded`.
pub const CONNECTION_BYTES: u64 = 56 * 1024;

/// How much of an answer goes to the socket at once: as much as leaves room for a head in the 8 KiB that
/// actix keeps for each connection anyway.
const PIECE: usize = 7 * 1024;
