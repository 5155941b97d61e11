use chat::PlayerId;
use chrono::{DateTime, Utc};
use database::schema::chat_notes;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, QueryDsl, QueryResult, Queryable, Selectable,
    SelectableHelper,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{MessageCursor, bounded::bounded, rows::json_bytes, team_of_latest_session};

/// An internal note as staff read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Queryable, Selectable, ToSchema)]
#[diesel(table_name = chat_notes)]
#[serde(rename_all = "camelCase")]
pub struct StoredNote {
    /// The note's id.
    #[diesel(column_name = id)]
    pub note_id: Uuid,
    /// The session that its author saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub session_id: Option<Uuid>,
    /// The portal's id for the author.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub author_id: Option<String>,
    /// The author's display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub author_name: Option<String>,
    /// The text; empty if and only if the note is erased.
    #[schema(max_length = 4000)]
    pub content: String,
    /// The ids of the members of the staff whom the text mentions.
    #[schema(value_type = Vec<String>)]
    pub mentions: Vec<Option<String>>,
    /// When it was accepted. Notes sort by it, then by `noteId`.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    pub accepted_at: DateTime<Utc>,
    /// `true` when the text and the author's name were erased; otherwise absent.
    #[diesel(
        select_expression = chat_notes::content.eq(""),
        select_expression_type = diesel::dsl::Eq<chat_notes::content, &'static str>
    )]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
}

impl StoredNote {
    /// An upper bound of its size as JSON, in bytes.
    fn json_bytes(&self) -> usize {
        /// Field names, ids and timestamps.
        const OTHERS: usize = 400;
        let mentions = self.mentions.iter().flatten();
        let texts = self.author_id.iter().chain(&self.author_name).chain([&self.content]);
        OTHERS + texts.chain(mentions).map(|text| json_bytes(text) + 3).sum::<usize>()
    }
}

/// A page of the notes about a conversation.
#[derive(Debug)]
pub struct NotesPage {
    /// The oldest first.
    pub notes: Vec<StoredNote>,
    /// Whether there are older ones.
    pub has_more: bool,
    /// The team of the latest session.
    pub team: Option<String>,
}

/// The newest `limit` notes about a player's conversation, or those before `before`. Fewer when they
/// exceed [`PAGE_BYTES`](crate::answers::PAGE_BYTES) of JSON.
///
/// # Errors
/// When the database fails.
pub async fn notes(
    connection: &mut AsyncPgConnection,
    player_id: &PlayerId,
    before: Option<MessageCursor>,
    limit: i64,
) -> QueryResult<NotesPage> {
    let connection: &AsyncPgConnection = connection;
    let team = team_of_latest_session(connection, player_id);
    let page = page(connection, player_id, before, limit);
    let (team, (mut notes, has_more)) = tokio::try_join!(biased; team, page)?;
    notes.reverse();
    Ok(NotesPage { notes, has_more, team })
}

/// The newest first.
async fn page(
    mut connection: &AsyncPgConnection,
    player_id: &PlayerId,
    before: Option<MessageCursor>,
    limit: i64,
) -> QueryResult<(Vec<StoredNote>, bool)> {
    let mut notes = chat_notes::table
        .select(StoredNote::as_select())
        .into_boxed()
        .filter(chat_notes::player_id.eq(player_id.as_str()))
        .order((chat_notes::accepted_at.desc(), chat_notes::id.desc()))
        .limit(limit + 1);
    if let Some(MessageCursor { accepted_at, message_id }) = before {
        // The first condition limits the index scan; the second is for notes of the same
        // microsecond.
        let earlier = chat_notes::accepted_at.lt(accepted_at).or(chat_notes::id.lt(message_id));
        notes = notes.filter(chat_notes::accepted_at.le(accepted_at).and(earlier));
    }
    let rows = notes.load_stream::<StoredNote>(&mut connection).await?;
    bounded(rows, limit, StoredNote::json_bytes).await
}
