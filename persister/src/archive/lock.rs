use diesel::{QueryableByName, sql_query, sql_types::Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Key of the advisory lock, an arbitrary number.
const LOCK: i64 = 4_091_775_306_128_845;

/// Excludes other writers of the archive. PostgreSQL holds the lock while the connection lasts.
#[derive(Debug)]
pub struct ArchiveLock(());

#[derive(QueryableByName)]
struct LockAttempt {
    #[diesel(sql_type = Bool)]
    is_locked: bool,
}

impl ArchiveLock {
    /// Acquires the lock.
    ///
    /// # Errors
    /// When another process holds it, or the database cannot be used or is behind a pooler.
    pub async fn acquire(connection: &mut AsyncPgConnection) -> anyhow::Result<Self> {
        database::require_own_session(connection).await?;
        let attempt: LockAttempt =
            sql_query(format!("SELECT pg_try_advisory_lock({LOCK}) AS is_locked"))
                .get_result(connection)
                .await?;
        anyhow::ensure!(attempt.is_locked, "another process is writing to the archive");
        Ok(Self(()))
    }
}
