use chrono::{DateTime, Utc};
use diesel::{
    QueryResult, sql_query,
    sql_types::{BigInt, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Ids that one statement deletes.
const DELETED_TOGETHER: i64 = 5_000;

/// Deletes the ids of messages that were archived before `archived_before`, except those of messages
/// with files, and returns their number. The sweep of the gateways' store deletes the files that no
/// row names.
///
/// # Errors
/// When the database cannot be used; some ids may be deleted then.
pub async fn forget(
    connection: &mut AsyncPgConnection,
    archived_before: DateTime<Utc>,
) -> QueryResult<usize> {
    let mut forgotten = 0;
    loop {
        let deleted = sql_query(
            "DELETE FROM chat_archived_messages WHERE (player_id, id) IN (
                 SELECT player_id, id FROM chat_archived_messages
                 WHERE archived_at < $1 AND attachment_ids IS NULL ORDER BY archived_at LIMIT $2)",
        )
        .bind::<Timestamptz, _>(archived_before)
        .bind::<BigInt, _>(DELETED_TOGETHER)
        .execute(connection)
        .await?;
        if deleted == 0 {
            return Ok(forgotten);
        }
        forgotten += deleted;
    }
}
