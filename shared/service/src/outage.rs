use std::time::{Duration, Instant};

use super::health::Dependency;

/// Records the outages of one dependency: sets its state for readiness, and logs when an outage begins,
/// with its cause, and when it ends.
#[derive(Debug)]
pub struct Outage {
    dependency: Dependency,
    since: Option<Instant>,
}

impl Outage {
    /// Starts without an outage.
    pub fn new(dependency: Dependency) -> Self {
        Self { dependency, since: None }
    }

    /// Records that the dependency failed with `cause`.
    pub fn failed(&mut self, cause: &dyn std::fmt::Display) {
        self.dependency.set_up(false);
        if self.since.is_none() {
            self.since = Some(Instant::now());
            tracing::error!(
                dependency = self.dependency.name(),
                cause = %cause,
                "outage"
            );
        }
    }

    /// Records that the dependency worked.
    pub fn succeeded(&mut self) {
        self.dependency.set_up(true);
        if let Some(since) = self.since.take() {
            tracing::info!(
                dependency = self.dependency.name(),
                seconds = since.elapsed().as_secs_f64(),
                "outage over"
            );
        }
    }

    /// How long the current outage has lasted.
    pub fn duration(&self) -> Option<Duration> {
        self.since.map(|since| since.elapsed())
    }
}
