use std::{
    fmt,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use chrono::{DateTime, Utc};
use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder},
    metrics::{MetricType, TypedMetric, gauge::ConstGauge},
};

use chat;

/// A gauge whose value is asked for when somebody looks at it, so that keeping it costs nothing. It
/// is 0 until there is somebody to ask.
#[derive(Clone, Default)]
pub struct OnScrape(Arc<OnceLock<Ask>>);

type Ask = Box<dyn Fn() -> f64 + Send + Sync>;

impl OnScrape {
    /// Has `ask` answer from now on; whoever was said first stays.
    pub fn answer_by(&self, ask: impl Fn() -> f64 + Send + Sync + 'static) {
        if self.0.set(Box::new(ask)).is_err() {
            tracing::debug!("a gauge is answered for by the first who said so");
        }
    }
}

impl fmt::Debug for OnScrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnScrape").finish_non_exhaustive()
    }
}

impl TypedMetric for OnScrape {
    const TYPE: MetricType = MetricType::Gauge;
}

impl EncodeMetric for OnScrape {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        ConstGauge::new(self.0.get().map_or(0.0, |ask| ask())).encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

/// The age of the oldest of what a worker holds, in seconds since it was accepted; 0 while it holds
/// nothing.
#[derive(Clone, Debug, Default)]
pub struct OldestHeld(Arc<Mutex<Vec<OldestPart>>>);

/// The same of one of the loops of a worker.
#[derive(Clone, Debug, Default)]
pub struct OldestPart {
    /// When it was accepted, in microseconds since 1970; 0 for nothing.
    accepted_at: Arc<AtomicI64>,
}

impl OldestHeld {
    /// Counts in what a further loop holds.
    pub fn part(&self) -> OldestPart {
        let part = OldestPart::default();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(part.clone());
        part
    }

    fn seconds(&self) -> f64 {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = parts.iter().map(|part| part.accepted_at.load(Ordering::Relaxed));
        match times.filter(|time| *time != 0).min() {
            None => 0.0,
            Some(micros) => (chat::now().timestamp_micros() - micros).max(0) as f64 / 1e6,
        }
    }
}

impl OldestPart {
    /// Says when the oldest was accepted, if there is one.
    pub fn set(&self, accepted_at: Option<DateTime<Utc>>) {
        let micros = accepted_at.map_or(0, |time| time.timestamp_micros());
        self.accepted_at.store(micros, Ordering::Relaxed);
    }
}

impl EncodeMetric for OldestHeld {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        ConstGauge::new(self.seconds()).encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn the_oldest_grows_older_until_nothing_is_held() {
        let oldest = OldestHeld::default();
        let (one, another) = (oldest.part(), oldest.part());
        assert!(oldest.seconds() < f64::EPSILON);
        one.set(Some(chat::now() - TimeDelta::seconds(5)));
        another.set(Some(chat::now()));
        assert!((5.0..60.0).contains(&oldest.seconds()), "{}", oldest.seconds());
        one.set(None);
        assert!(oldest.seconds() < 5.0);
        another.set(None);
        assert!(oldest.seconds() < f64::EPSILON);
    }
}
