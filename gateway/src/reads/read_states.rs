use chat::{PlayerId, Reader};
use chrono::{DateTime, Utc};
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The read marks that a caller sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisibleReads {
    /// The caller, if it is a member of the staff with an id.
    pub own: Option<Reader>,
    /// Whether the caller sees how far staff have read.
    pub of_staff: bool,
}

/// How far a conversation is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reads {
    /// How far the player has read. Absent before the first mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    player: Option<ReadUpTo>,
    /// How far the member of the staff who read furthest has read. Absent before the first mark,
    /// and for players unless `readMarks` of the configuration is `both`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    staff: Option<ReadUpTo>,
    /// How far the caller has read, if it is staff. Absent before the first mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    mine: Option<OwnRead>,
}

/// How far a reader has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReadUpTo {
    /// The `seq` of the last message that is read.
    seq: i64,
    /// The id of that message.
    message_id: Uuid,
    /// When the mark was accepted.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    at: DateTime<Utc>,
}

/// How far the caller has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnRead {
    /// The `seq` of the last message that is read; 0 when all messages are unread.
    #[schema(minimum = 0)]
    seq: i64,
}

/// The marks of a conversation that `visible` allows.
pub(super) async fn reads(
    mut connection: &AsyncPgConnection,
    player_id: &PlayerId,
    visible: &VisibleReads,
) -> QueryResult<Reads> {
    let query = ReadsQuery { player_id, visible, own: visible.own.as_ref().map(Reader::to_string) };
    let rows: Vec<Row> = query.load(&mut connection).await?;
    let mut reads = Reads::default();
    for (whose, seq, message_id, at) in rows {
        let read = message_id.map(|message_id| ReadUpTo { seq, message_id, at });
        match whose.as_str() {
            PLAYER => reads.player = read,
            STAFF => reads.staff = read,
            _ => reads.mine = Some(OwnRead { seq }),
        }
    }
    Ok(reads)
}

const PLAYER: &str = "player";
const STAFF: &str = "staff";

/// Whose mark it is, its `seq` and its message, and when it was accepted.
type Row = (String, i64, Option<Uuid>, DateTime<Utc>);

/// At most three rows: the player's mark, the furthest of staff, and the caller's.
struct ReadsQuery<'a> {
    player_id: &'a PlayerId,
    visible: &'a VisibleReads,
    own: Option<String>,
}

impl ReadsQuery<'_> {
    fn of_player<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(", seq, message_id, read_at FROM chat_reads WHERE player_id = ");
        out.push_bind_param::<Text, _>(self.player_id.as_str())
    }
}

impl QueryFragment<Pg> for ReadsQuery<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT 'player'");
        self.of_player(&mut out)?;
        out.push_sql(" AND reader = 'player'");
        if self.visible.of_staff {
            out.push_sql(" UNION ALL (SELECT 'staff'");
            self.of_player(&mut out)?;
            // A mark without a message is that of a reader for whom all messages are unread.
            out.push_sql(
                " AND reader <> 'player' AND message_id IS NOT NULL \
                 ORDER BY seq DESC, read_at LIMIT 1)",
            );
        }
        if let Some(own) = &self.own {
            out.push_sql(" UNION ALL SELECT 'mine'");
            self.of_player(&mut out)?;
            out.push_sql(" AND reader = ");
            out.push_bind_param::<Text, _>(own)?;
        }
        Ok(())
    }
}

/// The text of the SQL is the key of the prepared statement.
impl QueryId for ReadsQuery<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for ReadsQuery<'_> {
    type SqlType = (Text, BigInt, Nullable<SqlUuid>, Timestamptz);
}
