//! The limit on open files. Each connection takes one file descriptor.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// File descriptors for the broker, the database, files, and connections that are being closed.
const OTHERS: u64 = 1_000;

/// Raises the soft limit on open files to what `connections` take, up to the hard limit. Logs a
/// warning when the hard limit is lower; connections beyond it wait.
pub fn raise_fd_limit(connections: u32) {
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
        Err(error) => {
            tracing::warn!(exception.message = %error, "the limit on open files cannot be raised")
        }
    }
}
