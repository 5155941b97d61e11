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

/// A gauge that a callback computes at each scrape, so that nothing has to update it. It is 0 until it has
/// a callback.
#[derive(Clone, Default)]
pub struct OnScrape(Arc<OnceLock<Callback>>);

type Callback = Box<dyn Fn() -> f64 + Send + Sync>;

impl OnScrape {
    /// Sets the callback. The first callback wins.
    pub fn answer_by(&self, callback: impl Fn() -> f64 + Send + Sync + 'static) {
        if self.0.set(Box::new(callback)).is_err() {
            tracing::debug!("a gauge keeps its first callback");
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
        ConstGauge::new(self.0.get().map_or(0.0, |callback| callback())).encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

/// The age of the oldest event that a worker holds, in seconds since it was accepted; 0 without one.
#[derive(Clone, Debug, Default)]
pub struct OldestHeld(Arc<Mutex<Vec<OldestPart>>>);

/// The oldest event of one of a worker's loops.
#[derive(Clone, Debug, Default)]
pub struct OldestPart {
    /// When it was accepted, in microseconds since 1970; 0 without an event.
    accepted_at: Arc<AtomicI64>,
}

impl OldestHeld {
    /// Adds a loop.
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
    /// Sets when the oldest event was accepted; nothing without one.
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
    fn the_age_is_that_of_the_oldest_event_of_all_loops() {
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
