use std::time::{Duration, Instant};

use super::{LogLimit, health::Dependency};

/// The outages that are logged in a minute. A dependency that serves some calls and fails others begins
/// and ends an outage with each of them.
const LOGGED_PER_MINUTE: u32 = 5;

/// Records the outages of one dependency: sets its state for readiness, and logs when an outage begins,
/// with its cause, and when it ends.
#[derive(Debug)]
pub struct Outage {
    dependency: Dependency,
    current: Option<Current>,
    log_limit: LogLimit,
}

/// The outage that has begun and not ended.
#[derive(Clone, Copy, Debug)]
struct Current {
    since: Instant,
    is_logged: bool,
}

impl Outage {
    /// Starts without an outage.
    pub fn new(dependency: Dependency) -> Self {
        Self { dependency, current: None, log_limit: LogLimit::per_minute(LOGGED_PER_MINUTE) }
    }

    /// Records that the dependency failed with `cause`.
    pub fn failed(&mut self, cause: &dyn std::fmt::Display) {
        self.dependency.set_is_up(false);
        let current =
            self.current.get_or_insert_with(|| Current { since: Instant::now(), is_logged: false });
        if current.is_logged {
            return;
        }
        // One that was left out and lasts is logged by a later failure.
        if let Some(line) = self.log_limit.line() {
            current.is_logged = true;
            tracing::error!(
                dependency = self.dependency.name(),
                exception.message = %cause,
                left_out = line.left_out,
                "outage"
            );
        }
    }

    /// Records that the dependency worked.
    pub fn succeeded(&mut self) {
        self.dependency.set_is_up(true);
        if let Some(Current { since, is_logged: true }) = self.current.take() {
            tracing::info!(
                dependency = self.dependency.name(),
                seconds = since.elapsed().as_secs_f64(),
                "outage over"
            );
        }
    }

    /// How long the current outage has lasted.
    pub fn duration(&self) -> Option<Duration> {
        self.current.map(|current| current.since.elapsed())
    }
}
