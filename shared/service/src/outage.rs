use std::time::{Duration, Instant};

use super::health::Dependency;

/// Follows one dependency through its outages: its state shows in the readiness answer, and the
/// log says when an outage begins, with its cause, and when it ends, and nothing in between.
#[derive(Debug)]
pub struct Outage {
    dependency: Dependency,
    since: Option<Instant>,
}

impl Outage {
    /// Begins to follow `dependency`.
    pub fn new(dependency: Dependency) -> Self {
        Self { dependency, since: None }
    }

    /// The dependency did not do what it was asked, because of `cause`.
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

    /// The dependency did what it was asked.
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

    /// How long the outage has lasted; nothing while there is none.
    pub fn duration(&self) -> Option<Duration> {
        self.since.map(|since| since.elapsed())
    }
}
