use chat::PlayerId;
use database::schema::{chat_archived_messages, chat_messages};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, QueryableByName,
    deserialize::{self, FromSql, FromSqlRow},
    pg::{Pg, PgValue},
    sql_query,
    sql_types::{Jsonb, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// The descriptions of a message's files as they are stored. They are passed on unchanged, whichever
/// release wrote them.
#[derive(Clone, Debug, PartialEq, Eq, FromSqlRow, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoredAttachments(Value);

impl StoredAttachments {
    /// The array in JSON.
    pub fn to_json(&self) -> String {
        self.0.to_string()
    }
}

impl FromSql<Jsonb, Pg> for StoredAttachments {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<Jsonb, Pg>::from_sql(value).map(Self)
    }
}

/// The prefix below which the gateways' store has the player's files, each as `{attachmentId}/original`.
/// `None` if no message of the player has any.
///
/// # Errors
/// When the database cannot be used.
pub async fn attachment_prefix(
    connection: &mut AsyncPgConnection,
    player: &PlayerId,
) -> QueryResult<Option<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        prefix: String,
    }
    let stored: Option<Uuid> = chat_messages::table
        .filter(chat_messages::player_id.eq(player.as_str()))
        .filter(chat_messages::attachments.is_not_null())
        .select(chat_messages::id)
        .first(connection)
        .await
        .optional()?;
    let archived: Option<Uuid> = match stored {
        Some(_) => None,
        None => chat_archived_messages::table
            .filter(chat_archived_messages::player_id.eq(player.as_str()))
            .filter(chat_archived_messages::attachment_ids.is_not_null())
            .select(chat_archived_messages::id)
            .first(connection)
            .await
            .optional()?,
    };
    if stored.or(archived).is_none() {
        return Ok(None);
    }
    let hash = sql_query("SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex') || '/' AS prefix");
    let row: Row = hash.bind::<Text, _>(player.as_str()).get_result(connection).await?;
    Ok(Some(row.prefix))
}
