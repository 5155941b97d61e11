use std::time::Duration;

use crate::{audit::Findings, load::Entries};

/// What came of one fault, or of several, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The faults, by name.
    pub faults: String,
    /// What they were inflicted on, such as `RabbitMQ 4.0.5 and PostgreSQL 17.2`.
    pub servers: String,
    /// Posts that were sent: messages and changes of status.
    pub sent: u64,
    /// Posts that were accepted.
    pub accepted: u64,
    /// Answers that said to send again.
    pub refused: u64,
    /// Answers that took longer than two seconds.
    pub late: u64,
    /// The sums of the audit.
    pub findings: Findings,
    /// Dead letters.
    pub dead: u64,
    /// From the end of the fault until everything was where it belongs.
    pub caught_up: Option<Duration>,
    /// What is worth telling beside the numbers.
    pub notes: Vec<String>,
    /// What must not be.
    pub problems: Vec<String>,
}

impl Row {
    /// A row with nothing in it yet.
    pub fn new(faults: String) -> Self {
        Self { faults, ..Self::default() }
    }

    /// The same with something that must not be.
    pub fn failed(mut self, problem: &str) -> Self {
        self.problems.push(problem.to_owned());
        self
    }

    /// Takes over what the clients were told.
    pub fn count_answers(&mut self, entries: &Entries) {
        self.sent = entries.requests.len() as u64;
        self.accepted = entries.accepted;
        self.refused = entries.refused;
        self.late = entries.late;
        self.must_be_none(entries.late, "answers later than two seconds");
        for (answer, times) in &entries.unexpected {
            self.problems.push(format!("{times} answers were {answer}"));
        }
        if entries.late > 0 {
            self.notes.push(format!("the slowest answer took {:?}", entries.slowest));
        }
        if entries.unanswered > 0 {
            self.notes.push(format!("{} calls got no answer", entries.unanswered));
        }
        if entries.unreachable > 0 {
            self.notes.push(format!("{} calls found no gateway", entries.unreachable));
        }
    }

    /// Takes over what was found.
    pub fn count_findings(&mut self, findings: &Findings) {
        self.must_be_none(findings.lost, "accepted posts lost");
        self.must_be_none(findings.duplicated, "rows twice");
        self.must_be_none(findings.gaps, "gaps in seq");
        self.must_be_none(findings.misplaced, "messages out of their session");
        self.must_be_none(findings.corrupted, "rows whose content no client sent");
        self.must_be_none(findings.missing, "broadcasts missing");
        self.must_be_none(findings.misrouted, "events on a channel that they do not belong to");
        self.findings = findings.clone();
    }

    /// Takes over how many dead letters there are, and there must be.
    pub fn count_dead(&mut self, dead: [u64; 2], expected: [u64; 2]) {
        self.dead = dead.iter().sum();
        if dead != expected {
            self.problems.push(format!("dead letters {dead:?} instead of {expected:?}"));
        }
    }

    fn must_be_none(&mut self, count: u64, what: &str) {
        if count > 0 {
            self.problems.push(format!("{count} {what}"));
        }
    }
}
