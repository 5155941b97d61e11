use chrono::{DateTime, Utc};
use diesel::{
    QueryResult, sql_query,
    sql_types::{BigInt, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Ids that are forgotten together.
const FORGOTTEN: i64 = 5_000;

/// Forgets the ids of messages that were archived before `archived_before`, and says of how many.
///
/// # Errors
/// When the database cannot be used at the moment; some may be forgotten then.
pub async fn forget(
    connection: &mut AsyncPgConnection,
    archived_before: DateTime<Utc>,
) -> QueryResult<usize> {
    let mut forgotten = 0;
    loop {
        let some = sql_query(
            "DELETE FROM chat_archived_messages WHERE id = ANY (ARRAY(
                 SELECT id FROM chat_archived_messages WHERE archived_at < $1
                 ORDER BY archived_at LIMIT $2))",
        )
        .bind::<Timestamptz, _>(archived_before)
        .bind::<BigInt, _>(FORGOTTEN)
        .execute(connection)
        .await?;
        if some == 0 {
            return Ok(forgotten);
        }
        forgotten += some;
    }
}
