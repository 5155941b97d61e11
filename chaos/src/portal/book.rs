use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;
use uuid::Uuid;

use super::{Act, Answer, Post};

/// The longest that a gateway may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// What the clients sent, and what they were told.
#[derive(Debug, Default)]
pub struct Book {
    pages: Mutex<Pages>,
    answers: watch::Sender<u64>,
}

/// All of a [`Book`].
#[derive(Clone, Debug, Default)]
pub struct Pages {
    /// Every post, by its id.
    pub posts: HashMap<Uuid, Entry>,
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
    pub act: Act,
    /// Whether a gateway said that it is accepted.
    pub accepted: bool,
}

impl Book {
    /// All that is written in it now.
    pub fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of answers, as it grows.
    pub fn answers(&self) -> watch::Receiver<u64> {
        self.answers.subscribe()
    }

    /// Notes a post that was accepted without the clients, such as by the broker itself.
    pub fn accepted_elsewhere(&self, post: &Post) {
        let entry = Entry { player: post.player.clone(), act: post.act, accepted: true };
        let mut pages = self.pages();
        pages.accepted += 1;
        pages.posts.insert(post.id, entry);
    }

    pub(super) fn enter(&self, post: &Post) {
        let entry = Entry { player: post.player.clone(), act: post.act, accepted: false };
        self.pages().posts.insert(post.id, entry);
    }

    pub(super) fn note(&self, post: &Post, answer: &Answer, took: Duration) {
        let mut pages = self.pages();
        match answer {
            Answer::Accepted => {
                pages.accepted += 1;
                if let Some(entry) = pages.posts.get_mut(&post.id) {
                    entry.accepted = true;
                }
            }
            Answer::Refused(_) => pages.refused += 1,
            Answer::None => pages.unanswered += 1,
            Answer::Unreachable => pages.unreachable += 1,
            Answer::Unexpected(words) => {
                *pages.unexpected.entry(words.clone()).or_default() += 1;
            }
        }
        if took > ANSWER_LIMIT {
            pages.late += 1;
        }
        pages.slowest = pages.slowest.max(took);
        drop(pages);
        self.answers.send_modify(|count| *count += 1);
    }
}
