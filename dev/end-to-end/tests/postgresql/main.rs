//! PostgreSQL as operators run it: with a standby, a read replica and a pooler.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

mod failover;
mod pooler;

use stack::{Console, Supervisor};
use tempfile::TempDir;

/// A supervisor of the test's own servers, in a directory that is deleted with the test.
async fn supervisor() -> (TempDir, Supervisor) {
    let directory = tempfile::tempdir().unwrap();
    let local = directory.path().join("local");
    let supervisor = Supervisor::take(&local, Console::Silent).await.unwrap();
    (directory, supervisor)
}
