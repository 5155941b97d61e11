use chat::{Attachment, PlayerId};
use database::schema::{chat_archived_messages, chat_conversations, chat_messages};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, OptionalExtension,
    PgJsonbExpressionMethods, QueryDsl, QueryResult,
    deserialize::{self, FromSql, FromSqlRow},
    pg::{Pg, PgValue},
    sql_types::Jsonb,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// The files of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, FromSqlRow, ToSchema)]
#[serde(transparent)]
pub struct StoredAttachments(Vec<Attachment>);

impl FromSql<Jsonb, Pg> for StoredAttachments {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_value(FromSql::<Jsonb, Pg>::from_sql(value)?)?))
    }
}

impl StoredAttachments {
    /// An upper bound of their size as JSON, in bytes; it exceeds the size by less than 100.
    pub(super) fn json_bytes(&self) -> usize {
        /// The field's name.
        const OTHERS: usize = 30;
        OTHERS + serde_json::to_vec(self).map_or(0, |json| json.len())
    }
}

/// The file of `player` with this id, if a message has it.
///
/// # Errors
/// When the database fails.
pub async fn attachment(
    mut connection: &AsyncPgConnection,
    player: &PlayerId,
    id: Uuid,
) -> QueryResult<Option<Attachment>> {
    let found = chat_messages::table
        .filter(chat_messages::player_id.eq(player.as_str()))
        .filter(chat_messages::attachments.is_not_null())
        .filter(chat_messages::attachments.contains(json!([{ "attachmentId": id }])))
        .select(chat_messages::attachments.assume_not_null())
        .first::<StoredAttachments>(&mut connection)
        .await
        .optional()?;
    let files = found.into_iter().flat_map(|StoredAttachments(files)| files);
    Ok(files.into_iter().find(|file| file.attachment_id == id))
}

/// The status of the latest session of `player`.
///
/// # Errors
/// When the database fails.
pub async fn status_of_latest_session(
    mut connection: &AsyncPgConnection,
    player: &PlayerId,
) -> QueryResult<Option<String>> {
    let status = chat_conversations::table
        .filter(chat_conversations::player_id.eq(player.as_str()))
        .select(chat_conversations::status)
        .first::<Option<String>>(&mut connection);
    Ok(status.await.optional()?.flatten())
}

/// Where messages name files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedFiles {
    /// Messages in the database.
    Stored,
    /// Archived messages.
    Archived,
}

impl NamedFiles {
    /// Both, in the order in which a message is in them.
    pub const ALL: [Self; 2] = [Self::Stored, Self::Archived];
}

/// The most messages of a page.
const PAGE: i64 = 1_000;

/// The player and the id of a message, and the ids of its files.
pub type NamingMessage = (String, Uuid, Vec<Uuid>);

/// A page of the messages that have files, in the order of their players and ids, after the message
/// `after`.
///
/// # Errors
/// When the database fails.
pub async fn named_files(
    connection: &mut AsyncPgConnection,
    from: NamedFiles,
    after: Option<&(String, Uuid)>,
) -> QueryResult<Vec<NamingMessage>> {
    let (player, id) = match after {
        Some((player, id)) => (player.as_str(), *id),
        None => ("", Uuid::nil()),
    };
    match from {
        NamedFiles::Stored => {
            use chat_messages as messages;

            let next = messages::player_id
                .gt(player)
                .or(messages::player_id.eq(player).and(messages::id.gt(id)));
            let page = messages::table
                .filter(messages::attachments.is_not_null())
                .filter(messages::player_id.ge(player))
                .filter(next)
                .order((messages::player_id, messages::id))
                .limit(PAGE)
                .select((
                    messages::player_id,
                    messages::id,
                    messages::attachments.assume_not_null(),
                ))
                .load::<(String, Uuid, StoredAttachments)>(connection)
                .await?;
            let ids = |StoredAttachments(files): StoredAttachments| {
                files.into_iter().map(|file| file.attachment_id).collect()
            };
            Ok(page.into_iter().map(|(player, id, files)| (player, id, ids(files))).collect())
        }
        NamedFiles::Archived => {
            use chat_archived_messages as messages;

            let next = messages::player_id
                .gt(player)
                .or(messages::player_id.eq(player).and(messages::id.gt(id)));
            let page = messages::table
                .filter(messages::attachment_ids.is_not_null())
                .filter(messages::player_id.ge(player))
                .filter(next)
                .order((messages::player_id, messages::id))
                .limit(PAGE)
                .select((
                    messages::player_id,
                    messages::id,
                    messages::attachment_ids.assume_not_null(),
                ))
                .load::<(String, Uuid, Vec<Option<Uuid>>)>(connection)
                .await?;
            let ids = |ids: Vec<Option<Uuid>>| ids.into_iter().flatten().collect();
            Ok(page.into_iter().map(|(player, id, files)| (player, id, ids(files))).collect())
        }
    }
}
