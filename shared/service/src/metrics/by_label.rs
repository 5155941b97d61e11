use std::fmt;

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder},
    metrics::{
        MetricType, TypedMetric,
        counter::Counter,
        family::{Family, MetricConstructor},
    },
};
use strum::VariantArray;

/// A label with a few values, all of which are known at compile time. `/metrics` shows a value as the string
/// that it converts into.
pub trait Label: Copy + PartialEq + Into<&'static str> + VariantArray {
    /// The label's name.
    const NAME: &'static str;
}

/// A metric for each value of the label `L`. All exist from the start, so that a rate has a first
/// value, and none is looked up under a lock when it is used.
#[derive(Clone, Debug)]
pub struct ByLabel<L, M> {
    family: Labelled<M>,
    by_value: Vec<(L, M)>,
}

type Labelled<M> = Family<[(&'static str, &'static str); 1], M, fn() -> M>;

impl<L: Label, M: Clone> ByLabel<L, M> {
    /// Creates one metric for each value of the label with `constructor`.
    pub fn new(constructor: fn() -> M) -> Self
    where
        fn() -> M: MetricConstructor<M>,
    {
        Self::with_values(L::VARIANTS, constructor)
    }

    /// Creates one metric with `constructor` for each of `values`, where a service uses only some of the
    /// label's values.
    pub fn with_values(values: &[L], constructor: fn() -> M) -> Self
    where
        fn() -> M: MetricConstructor<M>,
    {
        let family = Labelled::new_with_constructor(constructor);
        let metric = |label: &L| family.get_or_create_owned(&[(L::NAME, (*label).into())]);
        let by_value = values.iter().map(|label| (*label, metric(label))).collect();
        Self { family, by_value }
    }

    /// The metric of one value.
    pub fn of(&self, label: L) -> M {
        match self.by_value.iter().find(|(value, _)| *value == label) {
            Some((_, metric)) => metric.clone(),
            None => self.family.get_or_create_owned(&[(L::NAME, label.into())]),
        }
    }
}

impl<L: Label> Default for ByLabel<L, Counter> {
    fn default() -> Self {
        Self::new(Counter::default)
    }
}

impl<L, M> EncodeMetric for ByLabel<L, M>
where
    M: EncodeMetric + TypedMetric,
    fn() -> M: MetricConstructor<M>,
{
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        self.family.encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        self.family.metric_type()
    }
}
