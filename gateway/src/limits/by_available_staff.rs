use std::sync::Arc;

use chat::SenderId;

use super::rate::Rate;
use crate::problem::Problem;

/// The most reports of one member of the staff in a minute. An open desk sends one.
const EACH_MINUTE: u32 = 2;

/// The most reports of one member at once, who may have several desks open.
const BURST: u32 = 4;

/// The rate limit of reports of availability.
#[derive(Clone, Debug)]
pub struct AvailabilityLimit(Option<Arc<Rate<SenderId>>>);

impl AvailabilityLimit {
    /// Starts to count. tokio must run.
    pub fn start() -> Self {
        Self(Rate::new(EACH_MINUTE, BURST))
    }

    /// Counts a report of `staff`.
    ///
    /// # Errors
    /// When the member exceeds the rate limit.
    pub fn check(&self, staff: &SenderId) -> Result<(), Problem> {
        self.0.as_ref().map_or(Ok(()), |rate| rate.count(staff).map_err(Problem::TooManyCalls))
    }
}
