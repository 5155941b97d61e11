use std::time::Duration;

use diesel::{QueryableByName, sql_query, sql_types::Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::store::StoreError;

/// Key of the advisory lock, an arbitrary number.
const LOCK: i64 = 4_091_775_306_128_847;

/// PostgreSQL closes the connection after this time without a statement, so that a process that hangs
/// or is cut off does not keep the lock.
const LEASE: Duration = Duration::from_secs(60);

/// Excludes other assigners. PostgreSQL holds the lock while the connection lasts.
pub(super) struct AssignerLock;

#[derive(QueryableByName)]
struct LockAttempt {
    #[diesel(sql_type = Bool)]
    is_locked: bool,
}

impl AssignerLock {
    /// Has PostgreSQL close the connection once it is idle for too long.
    ///
    /// # Errors
    /// When the database cannot be used, or is behind a pooler, which does not keep the lock.
    pub async fn limit_idle_time(connection: &mut AsyncPgConnection) -> Result<(), StoreError> {
        let owned = database::require_own_session(connection).await;
        owned.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let milliseconds = LEASE.as_millis();
        sql_query(format!("SET idle_session_timeout = {milliseconds}")).execute(connection).await?;
        Ok(())
    }

    /// Whether the connection holds the lock now. A connection that holds it must not ask again.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub async fn try_acquire(connection: &mut AsyncPgConnection) -> Result<bool, StoreError> {
        let attempt: LockAttempt =
            sql_query(format!("SELECT pg_try_advisory_lock({LOCK}) AS is_locked"))
                .get_result(connection)
                .await?;
        Ok(attempt.is_locked)
    }
}
