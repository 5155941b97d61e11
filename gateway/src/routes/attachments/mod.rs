//! The routes of files.
//!
//! - [`upload`]: stores a file, before a message names it.
//! - [`link`]: returns the URLs of a file of a message.
//! - [`file`]: delivers a file to those who have its URL.

pub mod file;
pub mod link;
pub mod upload;
