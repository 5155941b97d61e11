use std::collections::HashMap;

use chat::Availability;
use chrono::{DateTime, TimeDelta, Utc};
use database::schema::{chat_sessions, chat_staff};
use diesel::{
    ExpressionMethods, QueryDsl, QueryResult, Queryable, Selectable, SelectableHelper,
    dsl::count_star,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;

use super::{bounded::bounded, rows::json_bytes};

/// The most members of a list.
const MAX_MEMBERS: i64 = 1_000;

/// A member counts as away when the last report is older. An open desk reports every 60 seconds.
const UNSEEN: TimeDelta = TimeDelta::seconds(150);

/// A member of the staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StaffMember {
    /// The portal's id for the member.
    id: String,
    /// The display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    /// The member's teams, as the last report's token named them.
    teams: Vec<String>,
    /// Whether the member takes sessions; `away` when the last report is older than 150 seconds.
    #[schema(value_type = Availability)]
    status: String,
    /// How many open sessions the member has.
    #[schema(minimum = 0)]
    open: i64,
    /// How many the member takes; absent for the system's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    capacity: Option<i16>,
    /// When the last report was accepted.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    seen_at: DateTime<Utc>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = chat_staff)]
struct Row {
    id: String,
    name: Option<String>,
    teams: Vec<Option<String>>,
    capacity: Option<i16>,
    status: String,
    seen_at: DateTime<Utc>,
}

/// The members of the staff at `now`, the last report first.
///
/// # Errors
/// When the database fails.
pub async fn staff(
    connection: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<Vec<StaffMember>> {
    let connection: &AsyncPgConnection = connection;
    let (members, open) = tokio::try_join!(members(connection), open_sessions(connection))?;
    let member = |row: Row| {
        let is_unseen = now.signed_duration_since(row.seen_at) > UNSEEN;
        let away = || Availability::Away.as_str().to_owned();
        StaffMember {
            open: open.get(&row.id).copied().unwrap_or_default(),
            id: row.id,
            name: row.name,
            teams: row.teams.into_iter().flatten().collect(),
            status: if is_unseen { away() } else { row.status },
            capacity: row.capacity,
            seen_at: row.seen_at,
        }
    };
    Ok(members.into_iter().map(member).collect())
}

async fn members(mut connection: &AsyncPgConnection) -> QueryResult<Vec<Row>> {
    let rows = chat_staff::table
        .select(Row::as_select())
        .order((chat_staff::seen_at.desc(), chat_staff::id))
        .limit(MAX_MEMBERS + 1)
        .load_stream::<Row>(&mut connection)
        .await?;
    let bytes = |row: &Row| {
        /// Field names, numbers and timestamps.
        const OTHERS: usize = 200;
        let texts = [&row.id].into_iter().chain(&row.name).chain(row.teams.iter().flatten());
        OTHERS + texts.map(|text| json_bytes(text) + 3).sum::<usize>()
    };
    Ok(bounded(rows, MAX_MEMBERS, bytes).await?.0)
}

/// The number of open sessions of each assignee, from the index of their assignees.
async fn open_sessions(mut connection: &AsyncPgConnection) -> QueryResult<HashMap<String, i64>> {
    let of_each: Vec<(Option<String>, i64)> = chat_sessions::table
        .filter(chat_sessions::resolved_at.is_null())
        .filter(chat_sessions::assignee_id.is_not_null())
        .group_by(chat_sessions::assignee_id)
        .select((chat_sessions::assignee_id, count_star()))
        .load(&mut connection)
        .await?;
    Ok(of_each.into_iter().filter_map(|(id, count)| Some((id?, count))).collect())
}
