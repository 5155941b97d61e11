//! Tests of the persister on a real broker and a real database.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod announcements;
mod archive_files;
mod archiving;
mod archiving_meanwhile;
mod assigning;
mod attachments;
mod audit;
mod canned;
mod clocks;
mod dead_letters;
mod durability;
mod erasing;
mod exporting;
mod held;
mod metrics;
mod migrations;
mod model;
mod notes;
mod outages;
mod partitions;
mod plans;
mod poison;
mod privacy;
mod properties;
mod reads;
mod roles;
mod session_changes;
mod sessions;
mod staff;
mod stopping;
mod support;
mod waiting;
