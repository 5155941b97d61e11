use std::time::{Duration, Instant};

use super::{LogLimit, health::Dependency};

/// The outages that are logged in a minute. A dependency that serves some calls and fails others begins
/// and ends an outage with each of them.
const LOGGED_PER_MINUTE: u32 = 5;

/// The causes of one outage that are logged. The first is often that a connection ended, and a later one
/// why no new one can be made.
const MAX_CAUSES: usize = 3;

/// Records the outages of one dependency: sets its state for readiness, and logs when an outage begins,
/// its first different causes, and when it ends.
#[derive(Debug)]
pub struct Outage {
    dependency: Dependency,
    current: Option<Current>,
    log_limit: LogLimit,
}

/// The outage that has begun and not ended.
#[derive(Debug)]
struct Current {
    since: Instant,
    logged_causes: Vec<String>,
}

impl Outage {
    /// Starts without an outage.
    pub fn new(dependency: Dependency) -> Self {
        Self { dependency, current: None, log_limit: LogLimit::per_minute(LOGGED_PER_MINUTE) }
    }

    /// Records that the dependency failed with `cause`.
    pub fn failed(&mut self, cause: &dyn std::fmt::Display) {
        self.dependency.set_is_up(false);
        let Current { logged_causes, .. } = self
            .current
            .get_or_insert_with(|| Current { since: Instant::now(), logged_causes: Vec::new() });
        if logged_causes.len() == MAX_CAUSES {
            return;
        }
        let cause = cause.to_string();
        if logged_causes.contains(&cause) {
            return;
        }
        // One that was left out and lasts is logged by a later failure.
        let Some(line) = self.log_limit.line() else { return };
        let (dependency, left_out) = (self.dependency.name(), line.left_out);
        if logged_causes.is_empty() {
            tracing::error!(dependency, exception.message = cause, left_out, "outage");
        } else {
            tracing::error!(dependency, exception.message = cause, left_out, "outage goes on");
        }
        logged_causes.push(cause);
    }

    /// Records that the dependency worked.
    pub fn succeeded(&mut self) {
        self.dependency.set_is_up(true);
        if let Some(Current { since, logged_causes }) = self.current.take()
            && !logged_causes.is_empty()
        {
            tracing::info!(
                dependency = self.dependency.name(),
                seconds = since.elapsed().as_secs_f64(),
                "outage over"
            );
        }
    }

    /// How long the current outage has lasted.
    pub fn duration(&self) -> Option<Duration> {
        self.current.as_ref().map(|current| current.since.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    /// The lines of a log.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, event: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(event)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_first_three_causes_of_an_outage_are_logged_once_each() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let mut outage = Outage::new(Dependency::new("broker"));
            for cause in ["aborted", "expired", "aborted", "expired", "refused", "unknown"] {
                outage.failed(&cause);
            }
            outage.succeeded();
        });
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let logged = |line: &str| text.lines().filter(|logged| logged.contains(line)).count();
        let lines =
            ["outage dep", "goes on", "aborted", "expired", "refused", "unknown", "outage over"];
        assert_eq!(lines.map(logged), [1, 2, 1, 1, 1, 0, 1], "{text}");
    }
}
