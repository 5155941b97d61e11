//! Reads from the database. Every read has a time limit. A send reads nothing.

mod borrowed;
mod bounded;
mod conversation;
mod cursor;
mod health;
mod inbox;
mod read_states;
mod rows;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use database::{DatabaseSettings, Pool};
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use service::{Outage, health::Dependency};

use self::borrowed::Borrowed;
use crate::metrics::{HistoryRead, Metrics};

pub use conversation::{Conversation, Page, conversation, messages_of_page};
pub use cursor::{InboxCursor, LatestCursor, MessageCursor, WaitingCursor};
pub use health::DatabaseHealth;
pub use inbox::{Inbox, InboxEntry, InboxOrder, InboxQuery, InboxWithReadsQuery, Unread, inbox};
pub use read_states::{OwnRead, ReadUpTo, Reads, VisibleReads};
pub use rows::{HistoryMessage, Session};

/// Reads from the database, within a time limit.
#[derive(Clone)]
pub struct HistoryReader {
    pools: ReadPools,
    settings: DatabaseSettings,
    metrics: Metrics,
    outage: Arc<Mutex<Outage>>,
}

/// The connection pools. Each kind of read has its own, so that neither waits for the other.
#[derive(Clone)]
pub struct ReadPools {
    /// For conversations.
    pub conversations: Pool,
    /// For the inbox.
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
        Self { pools, settings, metrics, outage }
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
        let answer = self.run(kind, query).await;
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

    async fn run<T>(
        &self,
        kind: HistoryRead,
        query: impl AsyncFnOnce(&mut AsyncPgConnection) -> QueryResult<T>,
    ) -> Result<T, String> {
        let pool = match kind {
            HistoryRead::Conversation => &self.pools.conversations,
            HistoryRead::Inbox => &self.pools.inbox,
        };
        let deadline = tokio::time::Instant::now() + self.settings.database_timeout;
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
