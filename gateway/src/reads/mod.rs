//! Reads from the database. Every read has a time limit. A send reads nothing.

mod assignability;
mod attachments;
mod borrowed;
mod bounded;
mod canned_replies;
mod conversation;
mod cursor;
mod health;
mod inbox;
mod notes;
mod read_states;
mod rows;
mod staff;
mod team;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use database::{DatabaseSettings, Pool};
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use service::{Outage, health::Dependency};
use tokio::sync::Semaphore;

use self::borrowed::Borrowed;
use crate::metrics::{HistoryRead, Metrics};

pub use assignability::{Assignability, assignability};
pub use attachments::{
    NamedFiles, NamingMessage, StoredAttachments, attachment, named_files, status_of_latest_session,
};
pub use canned_replies::{
    CannedReplies, EncodedReplies, StoredReply, canned_replies, canned_replies_version,
};
pub use conversation::{Conversation, Page, conversation, messages_of_page};
pub use cursor::{InboxCursor, LatestCursor, MessageCursor, Urgency, UrgencyCursor, WaitingCursor};
pub use health::DatabaseHealth;
pub use inbox::{
    AssigneeFilter, Inbox, InboxEntry, InboxFilters, InboxOrder, InboxQuery, InboxWithReadsQuery,
    Unread, inbox,
};
pub use notes::{NotesPage, StoredNote, notes};
pub use read_states::{OwnRead, ReadUpTo, Reads, VisibleReads};
pub use rows::{HistoryMessage, Session};
pub use staff::{StaffMember, staff};
pub use team::team_of_latest_session;

/// The longest time of a read whose answer a request can do without.
const QUICK: Duration = Duration::from_millis(250);

/// Reads from the database, within a time limit.
#[derive(Clone)]
pub struct HistoryReader {
    pools: ReadPools,
    settings: DatabaseSettings,
    metrics: Metrics,
    outage: Arc<Mutex<Outage>>,
    /// One for each read that a request can do without: half of the inbox's connections at most.
    quick: Arc<Semaphore>,
}

/// The connection pools. Each kind of read has its own, so that neither waits for the other.
#[derive(Clone)]
pub struct ReadPools {
    /// For conversations.
    pub conversations: Pool,
    /// For the inbox, and for whatever else staff alone read.
    pub inbox: Pool,
}

/// The read failed; the cause is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database cannot be read")]
pub struct Unavailable;

impl HistoryReader {
    /// Reads through `pools`. `settings` has the time limit of a read.
    pub fn new(pools: ReadPools, settings: DatabaseSettings, metrics: Metrics) -> Self {
        metrics.observe([&pools.conversations, &pools.inbox]);
        let outage = Arc::new(Mutex::new(Outage::new(Dependency::new("database"))));
        let quick = pools.inbox.status().max_size.div_ceil(2);
        Self { pools, settings, metrics, outage, quick: Arc::new(Semaphore::new(quick)) }
    }

    /// Runs `query`, a read of the kind `kind`.
    ///
    /// # Errors
    /// When the database fails or does not answer in time.
    pub async fn read<T>(
        &self,
        kind: HistoryRead,
        query: impl AsyncFnOnce(&mut AsyncPgConnection) -> QueryResult<T>,
    ) -> Result<T, Unavailable> {
        let began = Instant::now();
        let answer = self.run(kind, self.settings.database_timeout, query).await;
        self.metrics.history_seconds.of(kind).observe(began.elapsed().as_secs_f64());
        // The outage is valid after a panic.
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(answer) => {
                outage.succeeded();
                Ok(answer)
            }
            Err(cause) => {
                self.metrics.history_failures.inc();
                outage.failed(&cause);
                Err(Unavailable)
            }
        }
    }

    /// Runs `query`, a read of the kind `kind`, if the database answers at once. `None` when it fails
    /// or does not answer within 250 ms, and when many such reads are in progress.
    pub async fn read_if_quick<T>(
        &self,
        kind: HistoryRead,
        query: impl AsyncFnOnce(&mut AsyncPgConnection) -> QueryResult<T>,
    ) -> Option<T> {
        let permit = self.quick.try_acquire().ok()?;
        let began = Instant::now();
        let answer = self.run(kind, QUICK.min(self.settings.database_timeout), query).await;
        drop(permit);
        self.metrics.history_seconds.of(kind).observe(began.elapsed().as_secs_f64());
        answer
            .inspect_err(
                |cause| tracing::debug!(exception.message = %cause, "a check has no answer"),
            )
            .ok()
    }

    async fn run<T>(
        &self,
        kind: HistoryRead,
        limit: Duration,
        query: impl AsyncFnOnce(&mut AsyncPgConnection) -> QueryResult<T>,
    ) -> Result<T, String> {
        let pool = match kind {
            HistoryRead::Conversation | HistoryRead::Attachment => &self.pools.conversations,
            HistoryRead::Inbox
            | HistoryRead::Notes
            | HistoryRead::Staff
            | HistoryRead::CannedReplies
            | HistoryRead::Assignment
            | HistoryRead::PusherAuth => &self.pools.inbox,
        };
        let deadline = tokio::time::Instant::now() + limit;
        let timed_out = |_| "PostgreSQL does not answer".to_owned();
        let connection = tokio::time::timeout_at(deadline, pool.get()).await.map_err(timed_out)?;
        let connection = connection.map_err(|error| error.to_string())?;
        let mut borrowed = Borrowed::new(connection, &self.settings);
        let running = tokio::time::timeout_at(deadline, query(borrowed.connection()?));
        let answer = running.await.map_err(timed_out)?;
        borrowed.give_back();
        answer.map_err(|error| error.to_string())
    }
}
