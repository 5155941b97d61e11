//! Connections to RabbitMQ, PostgreSQL and Pusher that are encrypted, and what comes of it when the
//! other side is not who it should be.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod broker;
mod database;
mod file;
mod pusher;

/// The name of this machine for which the servers' certificates are made. The address `127.0.0.1` is
/// the same server by another name.
const NAME: &str = "localhost";

/// What a connection fails on when the authority is not a trusted one.
const STRANGER: &str = "UnknownIssuer";

/// What it fails on when the certificate is that of another host.
const OTHER_HOST: &str = "certificate not valid for name \"127.0.0.1\"";
