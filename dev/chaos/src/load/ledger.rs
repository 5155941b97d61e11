use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;
use uuid::Uuid;

use super::{Action, Answer, ClientRequest};

/// Upper bound of the time of an answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// The requests that the clients sent, and the answers that they received.
#[derive(Debug)]
pub struct Ledger {
    started: Instant,
    entries: Mutex<Entries>,
    answers: watch::Sender<u64>,
}

/// The content of a [`Ledger`].
#[derive(Clone, Debug, Default)]
pub struct Entries {
    /// All requests, by id.
    pub requests: HashMap<Uuid, Entry>,
    /// Requests that were accepted.
    pub accepted: u64,
    /// Answers with 503.
    pub refused: u64,
    /// Claims and releases that came too late.
    pub too_late: u64,
    /// Calls that got no answer over an open connection.
    pub unanswered: u64,
    /// Calls for which no gateway accepted a connection.
    pub unreachable: u64,
    /// Answers that a valid request must not get, with their counts.
    pub unexpected: BTreeMap<String, u64>,
    /// Answers after more than two seconds.
    pub late: u64,
    /// The late answer that took longest.
    pub slowest: Option<LateAnswer>,
}

/// An answer after more than two seconds.
#[derive(Clone, Debug)]
pub struct LateAnswer {
    /// When it arrived, since the start of the load.
    pub at: Duration,
    /// How long it took.
    pub took: Duration,
    /// The answer.
    pub answer: &'static str,
}

/// A request, as far as its client knows.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The player of its conversation.
    pub player: String,
    /// Its action.
    pub action: Action,
    /// Whether a gateway accepted it.
    pub accepted: bool,
}

impl Entry {
    /// Whether it is a message that was accepted.
    pub fn is_accepted_message(&self) -> bool {
        self.accepted && self.action.is_message()
    }
}

impl Default for Ledger {
    fn default() -> Self {
        let (entries, answers) = Default::default();
        Self { started: Instant::now(), entries, answers }
    }
}

impl Ledger {
    /// The content so far.
    pub fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of answers.
    pub fn answers(&self) -> watch::Receiver<u64> {
        self.answers.subscribe()
    }

    /// Records a request that was accepted without the clients, such as by the broker itself.
    pub fn accepted_elsewhere(&self, request: &ClientRequest) {
        let entry =
            Entry { player: request.player.clone(), action: request.action, accepted: true };
        let mut entries = self.entries();
        entries.accepted += 1;
        entries.requests.insert(request.id, entry);
    }

    pub(super) fn record_request(&self, request: &ClientRequest) {
        let entry =
            Entry { player: request.player.clone(), action: request.action, accepted: false };
        self.entries().requests.entry(request.id).or_insert(entry);
    }

    pub(super) fn record_answer(&self, request: &ClientRequest, answer: &Answer, took: Duration) {
        let mut entries = self.entries();
        match answer {
            Answer::Accepted => {
                let entry = entries.requests.get_mut(&request.id);
                let is_first =
                    entry.is_some_and(|entry| !std::mem::replace(&mut entry.accepted, true));
                entries.accepted += u64::from(is_first);
            }
            Answer::Refused(_) => entries.refused += 1,
            Answer::TooLate => entries.too_late += 1,
            Answer::None => entries.unanswered += 1,
            Answer::Unreachable => entries.unreachable += 1,
            Answer::Unexpected(text) => {
                *entries.unexpected.entry(text.clone()).or_default() += 1;
            }
        }
        if took > ANSWER_LIMIT {
            entries.late += 1;
            if entries.slowest.as_ref().is_none_or(|slowest| slowest.took < took) {
                let at = self.started.elapsed();
                entries.slowest = Some(LateAnswer { at, took, answer: answer.name() });
            }
        }
        drop(entries);
        self.answers.send_modify(|count| *count += 1);
    }
}
