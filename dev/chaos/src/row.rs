use std::time::Duration;

use crate::{
    audit::Findings,
    load::{Entries, LateAnswer},
    plan::Scale,
};

/// The result of a drill.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The names of the faults.
    pub faults: String,
    /// The servers, such as `RabbitMQ 4.0.5 and PostgreSQL 17.2`.
    pub servers: String,
    /// Requests that were sent, except claims and releases that came too late.
    pub sent: u64,
    /// Requests that were accepted.
    pub accepted: u64,
    /// Answers with 503.
    pub refused: u64,
    /// Answers after more than two seconds.
    pub late: u64,
    /// The result of the audit.
    pub findings: Findings,
    /// Dead letters.
    pub dead: u64,
    /// Time from the end of the fault until everything was persisted and broadcast.
    pub caught_up: Option<Duration>,
    /// Remarks beside the numbers.
    pub notes: Vec<String>,
    /// Violated guarantees; the drill fails when there is one.
    pub problems: Vec<String>,
}

impl Row {
    /// An empty row.
    pub fn new(faults: String) -> Self {
        Self { faults, ..Self::default() }
    }

    /// The same with `problem`.
    pub fn failed(mut self, problem: &str) -> Self {
        self.problems.push(problem.to_owned());
        self
    }

    /// Adds the answers that the clients received. Late answers are a problem only at a scale with
    /// time limits.
    pub fn count_answers(&mut self, entries: &Entries, scale: Scale) {
        self.sent = entries.requests.len() as u64 - entries.too_late;
        self.accepted = entries.accepted;
        self.refused = entries.refused;
        self.late = entries.late;
        if scale.has_time_limits() {
            self.require_none(entries.late, "answers after more than two seconds");
        }
        for (answer, times) in &entries.unexpected {
            self.problems.push(format!("{times} answers were {answer}"));
        }
        if let Some(LateAnswer { at, took, answer }) = &entries.slowest {
            let (at, took) = (at.as_secs_f64(), took.as_secs_f64());
            self.notes.push(format!(
                "the slowest answer was {answer} after {took:.1} s, {at:.0} s into the drill"
            ));
        }
        if entries.unanswered > 0 {
            self.notes.push(format!("{} calls got no answer", entries.unanswered));
        }
        if entries.unreachable > 0 {
            self.notes.push(format!("{} calls reached no gateway", entries.unreachable));
        }
    }

    /// Adds the result of the audit. With `tolerates_loss`, rows may be lost, and with them states of
    /// sessions that were announced.
    pub fn count_findings(&mut self, findings: &Findings, tolerates_loss: bool) {
        if !tolerates_loss {
            self.require_none(findings.lost, "accepted requests lost");
            self.require_none(findings.missing, "broadcasts missing");
        }
        self.require_none(findings.duplicated, "duplicated rows");
        self.require_none(findings.gaps, "gaps in seq");
        self.require_none(findings.misplaced, "messages in a wrong session");
        self.require_none(findings.corrupted, "rows that no client sent");
        self.require_none(findings.misrouted, "events on a wrong channel");
        self.findings = findings.clone();
    }

    /// Adds the dead letters of the persister and of the broadcaster.
    pub fn count_dead(&mut self, dead: [u64; 2], expected: [u64; 2]) {
        self.dead = dead.iter().sum();
        if dead != expected {
            self.problems.push(format!("dead letters {dead:?} instead of {expected:?}"));
        }
    }

    fn require_none(&mut self, count: u64, violation: &str) {
        if count > 0 {
            self.problems.push(format!("{count} {violation}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_answer_fails_a_full_drill_and_no_brief_one() {
        let slowest =
            LateAnswer { at: Duration::ZERO, took: Duration::from_secs(3), answer: "202" };
        let entries = Entries { late: 1, slowest: Some(slowest), ..Entries::default() };
        for (scale, problems) in [(Scale::Full, 1), (Scale::Brief, 0)] {
            let mut row = Row::new("fault".to_owned());
            row.count_answers(&entries, scale);
            assert_eq!((row.late, row.problems.len(), row.notes.len()), (1, problems, 1));
        }
    }
}
