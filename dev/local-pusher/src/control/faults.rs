use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Fault, FaultOrder};

/// The current fault, if any.
#[derive(Debug)]
pub struct Faults {
    current: Mutex<Option<Current>>,
    stop: CancellationToken,
}

/// A fault that applies to one call.
#[derive(Debug)]
pub struct Applied {
    /// The fault.
    pub fault: Fault,
    lifted: CancellationToken,
    until: Option<Instant>,
}

#[derive(Debug)]
struct Current {
    fault: Fault,
    times_left: Option<u64>,
    until: Option<Instant>,
    lifted: CancellationToken,
}

impl Faults {
    /// Without a fault. Each ends when `stop` is cancelled.
    pub fn new(stop: CancellationToken) -> Self {
        Self { current: Mutex::default(), stop }
    }

    /// Sets a fault in place of the current one.
    pub fn set(&self, order: FaultOrder) {
        let fault = Current {
            fault: order.fault,
            times_left: order.times,
            until: order.lasts.and_then(|time| Instant::now().checked_add(time)),
            lifted: self.stop.child_token(),
        };
        self.replace(Some(fault));
    }

    /// Ends the fault, including the calls that hang in it.
    pub fn lift(&self) {
        self.replace(None);
    }

    /// The fault that applies to the next call.
    pub fn apply(&self) -> Option<Applied> {
        let mut current = self.lock();
        let fault = current.as_mut()?;
        if fault.until.is_some_and(|until| until <= Instant::now()) || fault.times_left == Some(0) {
            return None;
        }
        fault.times_left = fault.times_left.map(|times| times.saturating_sub(1));
        Some(Applied { fault: fault.fault, lifted: fault.lifted.clone(), until: fault.until })
    }

    fn replace(&self, fault: Option<Current>) {
        if let Some(before) = std::mem::replace(&mut *self.lock(), fault) {
            before.lifted.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Applied {
    /// Waits until the fault is lifted or its time is over, or the server stops.
    pub async fn ended(&self) {
        match self.until {
            Some(until) => tokio::select! {
                () = self.lifted.cancelled() => {}
                () = sleep_until(until) => {}
            },
            None => self.lifted.cancelled().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn faults(times: Option<u64>, lasts: Option<Duration>) -> Faults {
        let faults = Faults::new(CancellationToken::new());
        faults.set(FaultOrder { fault: Fault::Hang, times, lasts });
        faults
    }

    #[test]
    fn a_fault_lasts_until_it_is_lifted() {
        let faults = faults(None, None);
        assert!(faults.apply().is_some());
        assert!(faults.apply().is_some());
        faults.lift();
        assert!(faults.apply().is_none());
    }

    #[test]
    fn a_fault_applies_to_the_number_of_calls_in_its_order() {
        let faults = faults(Some(2), None);
        assert!(faults.apply().is_some());
        assert!(faults.apply().is_some());
        assert!(faults.apply().is_none());
    }

    #[test]
    fn a_fault_ends_when_its_time_is_over() {
        assert!(faults(None, Some(Duration::ZERO)).apply().is_none());
        assert!(faults(None, Some(Duration::from_secs(3600))).apply().is_some());
    }

    #[tokio::test]
    async fn a_hanging_call_ends_when_the_fault_is_replaced() {
        let faults = faults(Some(1), None);
        let applied = faults.apply().unwrap();
        faults.set(FaultOrder { fault: Fault::Close, times: None, lasts: None });
        applied.ended().await;
    }
}
