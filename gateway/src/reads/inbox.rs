use chrono::{DateTime, Utc};
use database::schema::{chat_conversations, chat_messages, chat_sessions};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, QueryDsl,
    QueryResult, QueryableByName, SelectableHelper, sql_query,
    sql_types::{Array, BigInt, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use shared::chat::{PlayerId, SessionStatus};

use super::{HistoryMessage, InboxCursor, Session};

/// A page of the staff's inbox.
#[derive(Debug)]
pub struct Inbox {
    /// The conversation with the latest message first.
    pub entries: Vec<InboxEntry>,
    /// Where the next page begins, if there is one.
    pub next: Option<InboxCursor>,
}

/// One conversation in the inbox.
#[derive(Debug)]
pub struct InboxEntry {
    /// Whose conversation it is.
    pub player_id: String,
    /// Its latest session.
    pub session: Session,
    /// Its last message.
    pub last_message: HistoryMessage,
    /// The player's messages of the open session since staff's last answer in it.
    pub unanswered_count: i64,
}

/// At most `limit` of the conversations whose latest session has one of `statuses`.
///
/// # Errors
/// When the database fails.
pub async fn inbox(
    connection: &mut AsyncPgConnection,
    statuses: &[SessionStatus],
    after: Option<&InboxCursor>,
    limit: i64,
) -> QueryResult<Inbox> {
    // One status at a time, since each is a stretch of the index in the right order by itself.
    let mut rows = Vec::new();
    for status in statuses {
        rows.extend(of_status(connection, *status, after, limit + 1).await?);
    }
    let latest_first = |row: &Row| std::cmp::Reverse((row.2, row.0.clone()));
    rows.sort_by_key(latest_first);
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > shown;
    rows.truncate(shown);

    let next = rows.last().filter(|_| has_more).and_then(|(player_id, _, last_message_at, ..)| {
        let player_id = PlayerId::try_from(player_id.clone()).ok()?;
        Some(InboxCursor { last_message_at: (*last_message_at)?, player_id })
    });
    let unanswered = unanswered(connection, &rows).await?;
    let count = |player_id: &str| {
        let found = unanswered.iter().find(|it| it.player_id == player_id);
        found.map_or(0, |it| it.count)
    };
    let entry = |(player_id, _, _, session, last_message): Row| InboxEntry {
        unanswered_count: count(&player_id),
        player_id,
        session,
        last_message,
    };
    Ok(Inbox { entries: rows.into_iter().map(entry).collect(), next })
}

type Row = (String, Option<String>, Option<DateTime<Utc>>, Session, HistoryMessage);

async fn of_status(
    connection: &mut AsyncPgConnection,
    status: SessionStatus,
    after: Option<&InboxCursor>,
    limit: i64,
) -> QueryResult<Vec<Row>> {
    let session = chat_conversations::session_id.eq(chat_sessions::id.nullable());
    let message = chat_conversations::last_message_id.eq(chat_messages::id.nullable());
    let conversations = chat_conversations::table
        .inner_join(chat_sessions::table.on(session))
        .inner_join(chat_messages::table.on(message))
        .filter(chat_conversations::status.eq(status.as_str()))
        .select((
            chat_conversations::player_id,
            chat_conversations::status,
            chat_conversations::last_message_at,
            Session::as_select(),
            HistoryMessage::as_select(),
        ))
        .order((chat_conversations::last_message_at.desc(), chat_conversations::player_id.desc()))
        .limit(limit);
    match after {
        None => conversations.load(connection).await,
        Some(InboxCursor { last_message_at, player_id }) => {
            let time = chat_conversations::last_message_at;
            let earlier = time.lt(*last_message_at).assume_not_null();
            let after = earlier.or(chat_conversations::player_id.lt(player_id.as_str()));
            conversations
                .filter(time.le(*last_message_at).assume_not_null().and(after))
                .load(connection)
                .await
        }
    }
}

#[derive(QueryableByName)]
struct Unanswered {
    #[diesel(sql_type = Text)]
    player_id: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

async fn unanswered(
    connection: &mut AsyncPgConnection,
    rows: &[Row],
) -> QueryResult<Vec<Unanswered>> {
    let open: Vec<_> = rows
        .iter()
        .filter(|(_, _, _, session, _)| session.resolved_at.is_none())
        .map(|(player_id, ..)| player_id.as_str())
        .collect();
    if open.is_empty() {
        return Ok(Vec::new());
    }
    // Both inner reads go by the index of the conversation's order and stop at the session's
    // beginning.
    sql_query(
        "SELECT s.player_id, count(m.id)
         FROM chat_sessions s
         LEFT JOIN LATERAL (
             SELECT max(a.accepted_at) AS answered_at FROM chat_messages a
             WHERE a.player_id = s.player_id AND a.accepted_at >= s.opened_at
               AND a.session_id = s.id AND a.sender_type = 'staff'
         ) answer ON true
         JOIN chat_messages m ON m.player_id = s.player_id AND m.session_id = s.id
             AND m.sender_type = 'player'
             AND m.accepted_at >= coalesce(answer.answered_at, s.opened_at)
         WHERE s.player_id = ANY($1) AND s.resolved_at IS NULL
         GROUP BY s.player_id",
    )
    .bind::<Array<Text>, _>(open)
    .load(connection)
    .await
}
