//! Limits on clients' connections: their number, their memory, and their time.
//!
//! actix buffers up to 128 KiB of a head, reads on while a request is in progress, and waits
//! without a limit for a client that does not take its response. No setting changes that, so the
//! gateway puts a stream of its own between actix and the socket.
//!
//! - [`Connections`]: admits connections up to a limit, and closes those that are overdue.
//! - [`Connection`]: the state of one connection.
//! - [`BoundedStream`]: the socket, from which actix reads no more than it may buffer.
//! - [`serve`]: the HTTP server on these streams.
//! - [`workers`]: the number of its threads.
//! - [`track_request`]: marks a connection as busy while a request is in progress.
//! - [`HeldUntilSent`]: a value that a response holds until it is sent.

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
pub use server::{Parts, serve, workers};
pub use stream::BoundedStream;
pub use track_request::track_request;

/// The most bytes of a request's head.
pub const HEAD_LIMIT: usize = 16 * 1024;

/// The most memory of one connection, in bytes: actix's buffers, heads, a small body, and two
/// pipelined requests. Larger bodies and responses have budgets of their own. Source: the test
/// `memory_of_a_connection_is_bounded`.
pub const CONNECTION_BYTES: u64 = 80 * 1024;

/// The most threads that serve connections. A gateway uses no more processors.
pub const MAX_WORKERS: usize = 8;

/// The most memory of such a thread, in bytes: actix keeps the heads of 256 earlier requests.
pub const WORKER_BYTES: u64 = 10 * 1024 * 1024;

/// The most bytes of a response that are written at once. It leaves room for a head in the 8 KiB
/// that actix keeps for each connection.
const PIECE: usize = 7 * 1024;
