//! Attachments from the upload to the download, on a local disk and on an S3 server that this project
//! did not write.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod client;
mod deployment;
mod files;
mod pictures;
mod refusals;
mod scanner;
