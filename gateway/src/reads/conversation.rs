use chat::PlayerId;
use database::schema::{chat_conversations, chat_messages, chat_sessions};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods,
    OptionalExtension, QueryDsl, QueryResult, SelectableHelper,
    dsl::{AsSelect, IntoBoxed, Select},
    pg::Pg,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{
    HistoryMessage, MessageCursor, Reads, Session, VisibleReads, bounded::bounded,
    read_states::reads,
};

/// Which page of a conversation.
#[derive(Clone, Copy, Debug)]
pub enum Page {
    /// The newest.
    Newest,
    /// Before this cursor.
    Before(MessageCursor),
    /// With a higher `seq`.
    After(i64),
}

/// A page of a conversation.
#[derive(Debug)]
pub struct Conversation {
    /// The latest session, whatever its status.
    pub session: Option<Session>,
    /// The oldest first.
    pub messages: Vec<HistoryMessage>,
    /// Whether there are more in the requested direction.
    pub has_more: bool,
    /// How far it is read, where marks are kept.
    pub reads: Option<Reads>,
    /// Every message up to this `seq` is on this page or an older one, or was excluded by the
    /// request.
    pub last_seq: i64,
}

/// A page of at most `limit` messages of a player's conversation; empty when there is none. It has
/// fewer messages when they exceed [`PAGE_BYTES`](crate::answers::PAGE_BYTES) of JSON, but one at
/// least. `visible` are the marks to read; `None` reads none.
///
/// # Errors
/// When the database fails.
pub async fn conversation(
    connection: &mut AsyncPgConnection,
    player_id: &PlayerId,
    page: Page,
    limit: i64,
    visible: Option<&VisibleReads>,
) -> QueryResult<Conversation> {
    // The queries are sent at once, and PostgreSQL runs them in turn: first the marks, then the
    // summary, and then the messages. A message that is committed in between is on the page and not
    // in `last_seq`, so that a client gets it twice rather than never.
    let connection: &AsyncPgConnection = connection;
    let reads = async {
        match visible {
            Some(visible) => reads(connection, player_id, visible).await.map(Some),
            None => Ok(None),
        }
    };
    let summary = summary(connection, player_id);
    let messages = read_page(connection, player_id, page, limit);
    let (reads, summary, (mut messages, has_more)) =
        tokio::try_join!(biased; reads, summary, messages)?;
    let (last_seq, session) = summary.unwrap_or_default();
    let last_seq = match page {
        Page::After(seq) if has_more => messages.last().map_or(seq, |message| message.seq),
        Page::After(_) => messages.last().map_or(last_seq, |message| message.seq),
        Page::Newest | Page::Before(_) => last_seq,
    };
    messages.sort_by_key(|message| (message.accepted_at, message.message_id));
    Ok(Conversation { session, messages, has_more, reads, last_seq })
}

async fn read_page(
    mut connection: &AsyncPgConnection,
    player_id: &PlayerId,
    page: Page,
    limit: i64,
) -> QueryResult<(Vec<HistoryMessage>, bool)> {
    let query = messages_of_page(player_id, page, limit + 1);
    let rows = query.load_stream::<HistoryMessage>(&mut connection).await?;
    bounded(rows, limit, HistoryMessage::json_bytes).await
}

async fn summary(
    mut connection: &AsyncPgConnection,
    player_id: &PlayerId,
) -> QueryResult<Option<(i64, Option<Session>)>> {
    let of_player = chat_sessions::player_id.eq(chat_conversations::player_id);
    let latest = of_player.and(chat_conversations::session_id.eq(chat_sessions::id.nullable()));
    chat_conversations::table
        .left_join(chat_sessions::table.on(latest))
        .filter(chat_conversations::player_id.eq(player_id.as_str()))
        .select((chat_conversations::last_seq, Option::<Session>::as_select()))
        .first(&mut connection)
        .await
        .optional()
}

/// The query of a page.
///
/// It reads no more rows than the page has, from an index in their order, however deep in the
/// conversation.
pub fn messages_of_page(
    player_id: &PlayerId,
    page: Page,
    limit: i64,
) -> IntoBoxed<'_, Select<chat_messages::table, AsSelect<HistoryMessage, Pg>>, Pg> {
    let messages = chat_messages::table
        .select(HistoryMessage::as_select())
        .into_boxed()
        .filter(chat_messages::player_id.eq(player_id.as_str()))
        .limit(limit);
    let newest_first = (chat_messages::accepted_at.desc(), chat_messages::id.desc());
    match page {
        Page::Newest => messages.order(newest_first),
        Page::Before(MessageCursor { accepted_at, message_id }) => {
            // The first condition limits the index scan; the second is for messages of the same
            // microsecond.
            let earlier = chat_messages::accepted_at.lt(accepted_at);
            let before = earlier.or(chat_messages::id.lt(message_id));
            let entry = chat_messages::accepted_at.le(accepted_at);
            messages.filter(entry.and(before)).order(newest_first)
        }
        Page::After(seq) => messages.filter(chat_messages::seq.gt(seq)).order(chat_messages::seq),
    }
}
