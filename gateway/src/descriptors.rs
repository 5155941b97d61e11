//! File descriptors, of which each connection takes one.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What is left for the broker, the database, files, and connections that are being closed.
const OTHERS: u64 = 1_000;

/// Asks the system for as many as `connections` at once take. Where it gives fewer, connections beyond
/// these wait, and the log says so.
pub fn allow(connections: u32) {
    let wanted = u64::from(connections) + OTHERS;
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(allowed, most)| {
        let allowed = allowed.max(wanted.min(most));
        setrlimit(Resource::RLIMIT_NOFILE, allowed, most)?;
        Ok(allowed)
    });
    match raised {
        Ok(allowed) if allowed >= wanted => {}
        Ok(allowed) => tracing::warn!(
            allowed,
            wanted,
            "the system allows fewer open files than MAX_CONNECTIONS takes; raise the limit (ulimit -n)"
        ),
        Err(error) => tracing::warn!(cause = %error, "the limit on open files cannot be raised"),
    }
}
