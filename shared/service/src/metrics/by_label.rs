use prometheus_client::metrics::{
    counter::Counter,
    family::{Family, MetricConstructor},
};

/// A label with few values, which are known beforehand.
pub trait Label: Copy + PartialEq + 'static {
    /// What the label is called.
    const NAME: &'static str;
    /// Every value that it can have.
    const VALUES: &'static [Self];
    /// What the value is called.
    fn value(self) -> &'static str;
}

/// A metric for each value of the label `L`. All are there from the beginning, so that a rate has
/// something to grow from, and none is looked up under a lock when it is used.
#[derive(Clone, Debug)]
pub struct ByLabel<L, M> {
    family: Labelled<M>,
    each: Vec<(L, M)>,
}

/// The metrics as a registry takes them.
pub type Labelled<M> = Family<[(&'static str, &'static str); 1], M, fn() -> M>;

impl<L: Label, M: Clone> ByLabel<L, M> {
    /// One metric for each value, as `make` makes it.
    pub fn new(make: fn() -> M) -> Self
    where
        fn() -> M: MetricConstructor<M>,
    {
        let family = Labelled::new_with_constructor(make);
        let metric = |label: &L| family.get_or_create_owned(&[(L::NAME, label.value())]);
        let each = L::VALUES.iter().map(|label| (*label, metric(label))).collect();
        Self { family, each }
    }

    /// That of one value.
    pub fn of(&self, label: L) -> M {
        match self.each.iter().find(|(it, _)| *it == label) {
            Some((_, metric)) => metric.clone(),
            None => self.family.get_or_create_owned(&[(L::NAME, label.value())]),
        }
    }

    /// All of them, for a registry.
    pub fn all(&self) -> Labelled<M> {
        self.family.clone()
    }
}

impl<L: Label> Default for ByLabel<L, Counter> {
    fn default() -> Self {
        Self::new(Counter::default)
    }
}
