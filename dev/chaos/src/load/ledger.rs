use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;
use uuid::Uuid;

use super::{Action, Answer, ClientRequest};

/// The longest that a gateway may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// What the clients sent, and what they were told.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: Mutex<Entries>,
    answers: watch::Sender<u64>,
}

/// All of a [`Ledger`].
#[derive(Clone, Debug, Default)]
pub struct Entries {
    /// Every post, by its id.
    pub requests: HashMap<Uuid, Entry>,
    /// Posts that were accepted.
    pub accepted: u64,
    /// Answers that said to send again.
    pub refused: u64,
    /// Calls that got no answer, although their connection stood.
    pub unanswered: u64,
    /// Calls for which no gateway was there.
    pub unreachable: u64,
    /// Answers that there must not be, by what they said.
    pub unexpected: BTreeMap<String, u64>,
    /// Answers that took longer than they may.
    pub late: u64,
    /// The longest that an answer took.
    pub slowest: Duration,
}

/// One post, as its sender knows it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Whose conversation it belongs to.
    pub player: String,
    /// What it is.
    pub action: Action,
    /// Whether a gateway said that it is accepted.
    pub accepted: bool,
}

impl Ledger {
    /// All that is written in it now.
    pub fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of answers, as it grows.
    pub fn answers(&self) -> watch::Receiver<u64> {
        self.answers.subscribe()
    }

    /// Notes a post that was accepted without the clients, such as by the broker itself.
    pub fn accepted_elsewhere(&self, request: &ClientRequest) {
        let entry =
            Entry { player: request.player.clone(), action: request.action, accepted: true };
        let mut entries = self.entries();
        entries.accepted += 1;
        entries.requests.insert(request.id, entry);
    }

    pub(super) fn enter(&self, request: &ClientRequest) {
        let entry =
            Entry { player: request.player.clone(), action: request.action, accepted: false };
        self.entries().requests.insert(request.id, entry);
    }

    pub(super) fn note(&self, request: &ClientRequest, answer: &Answer, took: Duration) {
        let mut entries = self.entries();
        match answer {
            Answer::Accepted => {
                entries.accepted += 1;
                if let Some(entry) = entries.requests.get_mut(&request.id) {
                    entry.accepted = true;
                }
            }
            Answer::Refused(_) => entries.refused += 1,
            Answer::None => entries.unanswered += 1,
            Answer::Unreachable => entries.unreachable += 1,
            Answer::Unexpected(words) => {
                *entries.unexpected.entry(words.clone()).or_default() += 1;
            }
        }
        if took > ANSWER_LIMIT {
            entries.late += 1;
        }
        entries.slowest = entries.slowest.max(took);
        drop(entries);
        self.answers.send_modify(|count| *count += 1);
    }
}
