use diesel::{QueryableByName, sql_query, sql_types::Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Whoever writes to the archive of a database holds this lock of PostgreSQL's. The number means
/// nothing but itself.
const LOCK: i64 = 4_091_775_306_128_845;

/// That nobody else writes to the archive, for as long as the connection lasts.
#[derive(Debug)]
pub struct ArchiveLock(());

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    is_taken: bool,
}

impl ArchiveLock {
    /// Takes it.
    ///
    /// # Errors
    /// When another has it, or the database cannot be used at the moment.
    pub async fn take(connection: &mut AsyncPgConnection) -> anyhow::Result<Self> {
        let answer: Answer = sql_query(format!("SELECT pg_try_advisory_lock({LOCK}) AS is_taken"))
            .get_result(connection)
            .await?;
        anyhow::ensure!(answer.is_taken, "another writes to the archive at this moment");
        Ok(Self(()))
    }
}
