//! Encrypted connections to RabbitMQ, PostgreSQL and Pusher, and the verification of their
//! certificates.

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

/// The host name in the servers' certificates. `127.0.0.1` is another name of the same servers.
const NAME: &str = "localhost";

/// The error when the certificate's authority is not trusted.
const UNKNOWN_ISSUER: &str = "UnknownIssuer";

/// The error when the certificate is for another host.
const WRONG_HOST: &str = "certificate not valid for name \"127.0.0.1\"";
