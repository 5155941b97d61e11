use chat::{PlayerId, SenderId, SessionStatus};
use database::schema::{chat_conversations, chat_sessions, chat_staff};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryResult,
    dsl::{exists, select},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Why an assignment would have no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignability {
    /// Whether the session is resolved.
    pub is_resolved: bool,
    /// Whether the assignee has never reported their availability.
    pub is_unknown: bool,
}

/// Whether the session `session_id` of `player`, or else the latest one, can be assigned to
/// `assignee`. A session that is not persisted yet can.
///
/// # Errors
/// When the database fails.
pub async fn assignability(
    connection: &mut AsyncPgConnection,
    player: &PlayerId,
    session_id: Option<Uuid>,
    assignee: Option<&SenderId>,
) -> QueryResult<Assignability> {
    let connection: &AsyncPgConnection = connection;
    let status = status(connection, player, session_id);
    let (status, is_unknown) = tokio::try_join!(status, is_unknown(connection, assignee))?;
    let is_resolved = status.as_deref() == Some(SessionStatus::Resolved.as_str());
    Ok(Assignability { is_resolved, is_unknown })
}

async fn status(
    mut connection: &AsyncPgConnection,
    player: &PlayerId,
    session_id: Option<Uuid>,
) -> QueryResult<Option<String>> {
    let Some(session_id) = session_id else {
        let latest = chat_conversations::table
            .filter(chat_conversations::player_id.eq(player.as_str()))
            .select(chat_conversations::status)
            .first::<Option<String>>(&mut connection);
        return Ok(latest.await.optional()?.flatten());
    };
    chat_sessions::table
        .filter(chat_sessions::player_id.eq(player.as_str()))
        .filter(chat_sessions::id.eq(session_id))
        .select(chat_sessions::status)
        .first(&mut connection)
        .await
        .optional()
}

async fn is_unknown(
    mut connection: &AsyncPgConnection,
    assignee: Option<&SenderId>,
) -> QueryResult<bool> {
    let Some(assignee) = assignee else { return Ok(false) };
    let known = chat_staff::table.filter(chat_staff::id.eq(assignee.as_str()));
    Ok(!select(exists(known)).get_result::<bool>(&mut connection).await?)
}
