//! Attachments: files that are uploaded before the message that names them.
//!
//! - [`inspect`]: what a file is, by its bytes alone, and the bytes that are stored.
//! - [`pool`]: the threads that inspect, apart from those that serve requests.
//! - [`clamd`]: the virus scanner.

pub mod clamd;
pub mod inspect;
pub mod pool;
