use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use database::schema::chat_canned_replies;
use diesel::{
    ExpressionMethods, QueryDsl, QueryResult,
    dsl::{max, sql},
    result::Error,
    sql_types::Text,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::input::NewBodies;

/// The most replies of the list.
const MAX_REPLIES: i64 = 500;

/// The list holds no further reply once its texts have this many bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The canned replies of staff.
#[derive(Debug, Serialize, ToSchema)]
pub struct CannedReplies {
    /// The version of the list. It grows with each change.
    version: i64,
    /// By shortcut: at most 500.
    replies: Vec<StoredReply>,
}

/// A canned reply.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoredReply {
    /// Its id.
    id: Uuid,
    /// What staff type after `/`.
    shortcut: String,
    /// What staff see in the list.
    title: String,
    /// The team that uses it; absent for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    team: Option<String>,
    /// The text in each language.
    #[schema(value_type = NewBodies)]
    bodies: BTreeMap<String, String>,
    /// When its last change was accepted.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    updated_at: DateTime<Utc>,
    /// The portal's id for the author of that change; absent for an import.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    updated_by: Option<String>,
}

/// The list as JSON, which many responses share.
#[derive(Clone, Debug)]
pub struct EncodedReplies {
    /// The version of the list.
    pub version: i64,
    /// The JSON.
    pub json: Bytes,
}

impl CannedReplies {
    /// The list as JSON.
    ///
    /// # Errors
    /// Never: the list can be serialized.
    pub fn encode(&self) -> serde_json::Result<EncodedReplies> {
        Ok(EncodedReplies { version: self.version, json: serde_json::to_vec(self)?.into() })
    }
}

/// The version of the list; 0 before the first change. Deleted replies count.
///
/// # Errors
/// When the database fails.
pub async fn canned_replies_version(connection: &mut AsyncPgConnection) -> QueryResult<i64> {
    let version = chat_canned_replies::table.select(max(chat_canned_replies::version));
    Ok(version.get_result::<Option<i64>>(connection).await?.unwrap_or_default())
}

/// The list.
///
/// # Errors
/// When the database fails.
pub async fn canned_replies(connection: &mut AsyncPgConnection) -> QueryResult<CannedReplies> {
    // The version first: a change in between is in the list, and the next read has its version.
    let version = canned_replies_version(connection).await?;
    let columns = (
        chat_canned_replies::id,
        chat_canned_replies::shortcut,
        chat_canned_replies::title,
        chat_canned_replies::team,
        sql::<Text>("bodies::text"),
        chat_canned_replies::updated_at,
        chat_canned_replies::updated_by,
    );
    let rows: Vec<Row> = chat_canned_replies::table
        .filter(chat_canned_replies::deleted_at.is_null())
        .order(chat_canned_replies::shortcut)
        .limit(MAX_REPLIES)
        .select(columns)
        .load(connection)
        .await?;
    let (mut replies, mut bytes) = (Vec::with_capacity(rows.len()), 0);
    for (id, shortcut, title, team, bodies, updated_at, updated_by) in rows {
        bytes += bodies.len();
        if bytes > MAX_BYTES {
            tracing::error!(
                limit = MAX_BYTES,
                "the canned replies are too large; some are left out"
            );
            break;
        }
        let bodies = serde_json::from_str(&bodies);
        let bodies = bodies.map_err(|error| Error::DeserializationError(error.into()))?;
        replies.push(StoredReply { id, shortcut, title, team, bodies, updated_at, updated_by });
    }
    Ok(CannedReplies { version, replies })
}

type Row = (Uuid, String, String, Option<String>, String, DateTime<Utc>, Option<String>);
