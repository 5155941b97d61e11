use database::schema::chat_conversations;
use diesel::{
    ExpressionMethods, QueryDsl, QueryableByName, sql_query,
    sql_types::{Array, BigInt, Text},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use super::PredecessorSchema;
use crate::store::StoreError;

/// Players whose conversations one transaction copies.
const COPIED_TOGETHER: i64 = 100;

/// Copies the sessions. One in which V1.2 has messages that this system lacks keeps what V1.2 wrote, until
/// an import.
const SESSIONS: &str = "INSERT INTO v1_2.chat_sessions AS v
        (id, player_id, player_name, status, created_at, last_message_at)
    SELECT s.id, s.player_id, s.player_name, s.status, s.opened_at,
        CASE WHEN s.resolved_at IS NULL THEN coalesce(c.last_message_at, s.last_message_at)
            ELSE s.last_message_at END
    FROM chat_sessions s JOIN chat_conversations c ON c.player_id = s.player_id
    WHERE s.player_id = ANY ($1) AND NOT EXISTS (
        SELECT 1 FROM v1_2.chat_messages n
        LEFT JOIN chat_messages k ON k.player_id = s.player_id AND k.id = n.id
        WHERE n.session_id = s.id AND k.id IS NULL
    )
    ON CONFLICT (id) DO UPDATE SET player_name = EXCLUDED.player_name, status = EXCLUDED.status,
        last_message_at = EXCLUDED.last_message_at
    WHERE v.player_id = EXCLUDED.player_id
        AND (v.player_name, v.status, v.last_message_at) IS DISTINCT FROM
            (EXCLUDED.player_name, EXCLUDED.status, EXCLUDED.last_message_at)";

/// Copies the messages with their sessions, and erases what is erased here. A session that was opened since
/// its statement follows with the next export.
const MESSAGES: &str = "INSERT INTO v1_2.chat_messages AS v
        (id, session_id, player_id, sender_type, sender_id, sender_name, content, created_at)
    SELECT m.id, m.session_id, m.player_id, m.sender_type, m.sender_id, m.sender_name, m.content,
        m.accepted_at
    FROM chat_messages m
    JOIN v1_2.chat_sessions s ON s.id = m.session_id
    LEFT JOIN v1_2.chat_messages e ON e.id = m.id
    WHERE m.player_id = ANY ($1)
        AND (e.id IS NULL OR e.session_id <> m.session_id OR m.content = '' AND e.content <> '')
    ON CONFLICT (id) DO UPDATE SET session_id = EXCLUDED.session_id,
        sender_name = CASE WHEN EXCLUDED.content = '' THEN NULL ELSE v.sender_name END,
        content = CASE WHEN EXCLUDED.content = '' THEN '' ELSE v.content END
    WHERE v.player_id = EXCLUDED.player_id";

/// Resolves V1.2's sessions whose messages belong to sessions of this system now, so that V1.2 continues
/// the session that is open here.
const EMPTY_SESSIONS: &str = "UPDATE v1_2.chat_sessions s SET status = 'resolved'
    WHERE s.player_id = ANY ($1) AND s.status <> 'resolved'
        AND NOT EXISTS (SELECT 1 FROM chat_sessions k WHERE k.id = s.id AND k.player_id = s.player_id COLLATE \"C\")
        AND NOT EXISTS (SELECT 1 FROM v1_2.chat_messages m WHERE m.session_id = s.id)";

/// The messages that V1.2 cannot have: for it, the message of another player has their id.
const WITHOUT_ROOM: &str = "SELECT count(*) AS number
    FROM chat_messages m JOIN v1_2.chat_messages e ON e.id = m.id
    WHERE m.player_id = ANY ($1) AND e.player_id <> m.player_id COLLATE \"C\"";

/// The result of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Rows of V1.2's messages that were inserted or changed.
    pub messages: usize,
    /// Rows of V1.2's sessions that were inserted or changed.
    pub sessions: usize,
    /// Messages that V1.2 cannot have, since it has the same id for the message of another player.
    pub left_out: i64,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Writes to V1.2's tables what they lack of this system's sessions and messages.
///
/// # Errors
/// When the database cannot be used; a part may be written then, and the caller may call again.
pub async fn export(
    connection: &mut AsyncPgConnection,
    schema: &PredecessorSchema,
) -> Result<Exported, StoreError> {
    let mut exported = Exported::default();
    let mut last = String::new();
    loop {
        let players: Vec<String> = chat_conversations::table
            .filter(chat_conversations::player_id.gt(&last))
            .order(chat_conversations::player_id)
            .limit(COPIED_TOGETHER)
            .select(chat_conversations::player_id)
            .load(connection)
            .await?;
        let Some(next) = players.last() else { return Ok(exported) };
        last.clone_from(next);
        let copied = connection
            .transaction(async |connection| copy(connection, schema, &players).await)
            .await?;
        exported.messages += copied.messages;
        exported.sessions += copied.sessions;
        exported.left_out += copied.left_out;
    }
}

/// Copies the conversations of `players`.
async fn copy(
    connection: &mut AsyncPgConnection,
    schema: &PredecessorSchema,
    players: &[String],
) -> Result<Exported, StoreError> {
    let of_players =
        |statement: &str| sql_query(schema.of(statement)).bind::<Array<Text>, _>(players);
    let sessions = of_players(SESSIONS).execute(connection).await?;
    let messages = of_players(MESSAGES).execute(connection).await?;
    let emptied = of_players(EMPTY_SESSIONS).execute(connection).await?;
    let left_out: Number = of_players(WITHOUT_ROOM).get_result(connection).await?;
    Ok(Exported { messages, sessions: sessions + emptied, left_out: left_out.number })
}
