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
mod pools;
mod read_states;
mod replica;
mod rows;
mod staff;
mod team;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use database::DatabaseSettings;
use diesel::QueryResult;
use diesel_async::{AsyncPgConnection, pooled_connection::deadpool::Object};
use service::{Outage, health::Dependency};
use tokio::{sync::Semaphore, time::timeout_at};

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
pub use pools::{PoolSizes, ReadPools};
pub use read_states::{OwnRead, ReadUpTo, Reads, VisibleReads};
pub use replica::{Replica, ReplicaConfig};
pub use rows::{HistoryMessage, Session};
pub use staff::{StaffMember, staff};
pub use team::team_of_latest_session;

/// The longest time of a read whose answer a request can do without.
const QUICK: Duration = Duration::from_millis(250);

/// Reads from the database, within a time limit.
#[derive(Clone)]
pub struct HistoryReader {
    pools: ReadPools,
    replica: Option<Replica>,
    settings: DatabaseSettings,
    metrics: Metrics,
    outage: Arc<Mutex<Outage>>,
    /// One for each read that a request can do without: half of the inbox's connections at most.
    quick: Arc<Semaphore>,
}

/// The read failed; the cause is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database cannot be read")]
pub struct Unavailable;

impl HistoryReader {
    /// Reads through `pools`, and pages from the replica if there is one. `settings` has the time
    /// limit of a read.
    pub fn new(
        pools: ReadPools,
        replica: Option<Replica>,
        settings: DatabaseSettings,
        metrics: Metrics,
    ) -> Self {
        let all = [&pools].into_iter().chain(replica.as_ref().map(|replica| &replica.pools));
        let all = all.flat_map(|pools| [pools.conversations.clone(), pools.inbox.clone()]);
        metrics.observe(all.collect());
        let outage = Arc::new(Mutex::new(Outage::new(Dependency::new("database"))));
        let quick = pools.inbox.status().max_size.div_ceil(2);
        let quick = Arc::new(Semaphore::new(quick));
        Self { pools, replica, settings, metrics, outage, quick }
    }

    /// The pools of the primary.
    pub fn pools(&self) -> &ReadPools {
        &self.pools
    }

    /// The database's outage, to which reads report.
    pub fn outage(&self) -> Arc<Mutex<Outage>> {
        Arc::clone(&self.outage)
    }

    /// The read replica.
    pub fn replica(&self) -> Option<&Replica> {
        self.replica.as_ref()
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
        let began = tokio::time::Instant::now();
        let (deadline, half) = (began + limit, began + limit / 2);
        if let Some(replica) = self.replica.as_ref().filter(|replica| replica.serves(kind)) {
            // A replica without an answer leaves time for the primary.
            if let Ok(Ok(connection)) = timeout_at(half, replica.pools.of(kind).get()).await {
                let answer = run_on(connection, replica.settings(), deadline, query).await;
                return answer.map_err(|cause| {
                    replica.failed();
                    format!("the read replica failed: {cause}")
                });
            }
            replica.failed();
        }
        let connection =
            timeout_at(deadline, self.pools.of(kind).get()).await.map_err(timed_out)?;
        let connection = connection.map_err(|error| error.to_string())?;
        run_on(connection, &self.settings, deadline, query).await
    }
}

/// Runs `query` on `connection`, which returns to its pool if the query ends in time.
async fn run_on<T>(
    connection: Object<AsyncPgConnection>,
    settings: &DatabaseSettings,
    deadline: tokio::time::Instant,
    query: impl AsyncFnOnce(&mut AsyncPgConnection) -> QueryResult<T>,
) -> Result<T, String> {
    let mut borrowed = Borrowed::new(connection, settings);
    let running = timeout_at(deadline, query(borrowed.connection()?));
    let answer = running.await.map_err(timed_out)?;
    borrowed.give_back();
    answer.map_err(|error| error.to_string())
}

fn timed_out(_: tokio::time::error::Elapsed) -> String {
    "PostgreSQL does not answer".to_owned()
}
