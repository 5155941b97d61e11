use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The time after which further lines may be written.
const PERIOD: Duration = Duration::from_secs(60);

/// Limits how often a line is logged whose cause may repeat by the thousand. Each place that logs has
/// its own.
#[derive(Debug)]
pub struct LogLimit {
    lines: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The first line of the current period.
    began: Option<Instant>,
    /// Lines of the current period.
    written: u32,
    /// Lines that were left out since the last one that was written.
    left_out: u64,
}

/// A line may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// How many were left out before it, for the field `left_out`.
    pub left_out: Option<u64>,
}

impl LogLimit {
    /// Permits `lines` a minute.
    pub const fn per_minute(lines: u32) -> Self {
        let state = State { began: None, written: 0, left_out: 0 };
        Self { lines, state: Mutex::new(state) }
    }

    /// Whether a line may be written now. Otherwise it is counted, and the next line that is written
    /// has the count.
    pub fn line(&self) -> Option<Line> {
        self.line_at(Instant::now())
    }

    fn line_at(&self, now: Instant) -> Option<Line> {
        // The state is valid after a panic.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.began.is_none_or(|began| now.duration_since(began) >= PERIOD) {
            state.began = Some(now);
            state.written = 0;
        }
        if state.written == self.lines {
            state.left_out += 1;
            return None;
        }
        state.written += 1;
        let left_out = std::mem::take(&mut state.left_out);
        Some(Line { left_out: (left_out > 0).then_some(left_out) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_above_the_limit_are_left_out_and_counted() {
        let limit = LogLimit::per_minute(2);
        let now = Instant::now();
        let written =
            |after| limit.line_at(now + Duration::from_secs(after)).map(|line| line.left_out);
        assert_eq!([written(0), written(1)], [Some(None), Some(None)]);
        assert_eq!([written(2), written(59)], [None, None]);
        assert_eq!([written(60), written(61)], [Some(Some(2)), Some(None)]);
        assert_eq!(written(62), None);
    }
}
