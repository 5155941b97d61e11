//! What is read from the database. Every read ends in time, and none is asked for by a send.

mod conversation;
mod cursor;
mod inbox;
mod rows;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use database::Pool;
use diesel::QueryResult;
use diesel_async::{AsyncPgConnection, pooled_connection::deadpool::Object};

use shared::service::{Outage, health::Dependency};

use crate::{labels::HistoryRead, metrics::Metrics};

pub use conversation::{Conversation, Page, conversation, messages_of_page};
pub use cursor::{InboxCursor, LatestCursor, MessageCursor, WaitingCursor};
pub use inbox::{Inbox, InboxEntry, InboxOrder, InboxQuery, inbox};
pub use rows::{HistoryMessage, Session};

/// Asks the database, within a time limit.
#[derive(Clone)]
pub struct Reads {
    pool: Pool,
    timeout: Duration,
    metrics: Metrics,
    outage: Arc<Mutex<Outage>>,
}

/// The database cannot be asked; the cause is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database cannot be asked")]
pub struct Unavailable;

/// How long a readiness answer waits for the database, which it does not depend on.
const PROBE_TIMEOUT: Duration = Duration::from_millis(500);

impl Reads {
    /// Reads through `pool`, each within `timeout`.
    pub fn new(pool: Pool, timeout: Duration, metrics: Metrics) -> Self {
        metrics.follow(&pool);
        let outage = Arc::new(Mutex::new(Outage::new(Dependency::new("database"))));
        Self { pool, timeout, metrics, outage }
    }

    /// Whether the database answers.
    pub async fn is_up(&self) -> bool {
        self.ask(PROBE_TIMEOUT, database::probe).await.is_ok()
    }

    /// What `query` finds, which is a read of the kind `what`.
    ///
    /// # Errors
    /// When the database cannot be asked or does not answer in time.
    pub async fn read<T>(
        &self,
        what: HistoryRead,
        query: impl AsyncFnOnce(&mut AsyncPgConnection) -> QueryResult<T>,
    ) -> Result<T, Unavailable> {
        let began = Instant::now();
        let answer = self.ask(self.timeout, query).await;
        self.metrics.history_seconds.of(what).observe(began.elapsed().as_secs_f64());
        // A thread that panicked while it held the lock left an outage that is as good as any.
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

    async fn ask<T>(
        &self,
        timeout: Duration,
        query: impl AsyncFnOnce(&mut AsyncPgConnection) -> QueryResult<T>,
    ) -> Result<T, String> {
        let deadline = tokio::time::Instant::now() + timeout;
        let slow = |_| "PostgreSQL does not answer".to_owned();
        let connection = tokio::time::timeout_at(deadline, self.pool.get()).await.map_err(slow)?;
        let mut connection = connection.map_err(|error| error.to_string())?;
        match tokio::time::timeout_at(deadline, query(&mut connection)).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(elapsed) => {
                // Whatever it still waits for must not come to the next who uses it.
                drop(Object::take(connection));
                Err(slow(elapsed))
            }
        }
    }
}
