//! The runbooks of docs/operations.md, followed on a system on which their alerts fire.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and prints how long each alert took"
)]

mod incidents;
mod load;
mod page;
mod rules;
mod system;
