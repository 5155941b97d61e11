use serde::{Deserialize, Serialize};

/// The results of the rounds of a measurement.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Figures(Vec<f64>);

impl Figures {
    /// Adds the result of a round.
    pub fn add(&mut self, figure: f64) {
        self.0.push(figure);
    }

    /// The ratio to `other` of each round. Disturbances of a round affect both.
    pub fn over(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a / b).collect())
    }

    /// The median; the mean of the middle two of an even number.
    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let upper = sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN);
        let lower = sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN);
        f64::midpoint(lower, upper)
    }

    /// The minimum and the maximum.
    pub fn spread(&self) -> (f64, f64) {
        let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
        self.0.iter().fold((low, high), |(low, high), figure| (low.min(*figure), high.max(*figure)))
    }
}

impl FromIterator<f64> for Figures {
    fn from_iter<Numbers: IntoIterator<Item = f64>>(numbers: Numbers) -> Self {
        Self(numbers.into_iter().collect())
    }
}

impl From<f64> for Figures {
    fn from(figure: f64) -> Self {
        Self(vec![figure])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_the_mean_of_two() {
        assert_eq!(Figures::from_iter([3.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(Figures::from_iter([4.0, 1.0, 2.0, 3.0]).median(), 2.5);
        assert_eq!(Figures::from_iter([3.0, 1.0, 2.0]).spread(), (1.0, 3.0));
    }

    #[test]
    fn a_ratio_is_taken_round_by_round() {
        let (ours, theirs) = (Figures::from_iter([2.0, 9.0]), Figures::from_iter([1.0, 3.0]));
        assert_eq!(ours.over(&theirs).spread(), (2.0, 3.0));
    }
}
