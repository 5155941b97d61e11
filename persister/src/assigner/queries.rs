//! What the assigner reads. Members of the staff and sessions are joined in memory: `chat_staff` has
//! no `player_id`.

use chat::{PlayerId, Priority, SenderId, Team};
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, BigInt, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{
    Key,
    roster::{Former, WaitingSession},
};
use crate::store::StoreError;

/// A member of the staff.
#[derive(QueryableByName)]
pub(super) struct StaffRow {
    #[diesel(sql_type = Text)]
    pub id: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    #[diesel(sql_type = Array<Text>)]
    pub teams: Vec<String>,
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub capacity: Option<i16>,
    #[diesel(sql_type = Text)]
    pub status: String,
    #[diesel(sql_type = Timestamptz)]
    pub seen_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_assigned_at: Option<DateTime<Utc>>,
    /// The database's clock.
    #[diesel(sql_type = Timestamptz)]
    pub clock: DateTime<Utc>,
}

/// How many open sessions a member of the staff has.
#[derive(QueryableByName)]
pub(super) struct OpenRow {
    #[diesel(sql_type = Text)]
    pub assignee_id: String,
    #[diesel(sql_type = BigInt)]
    pub open: i64,
}

#[derive(QueryableByName)]
struct SessionRow {
    #[diesel(sql_type = Text)]
    player_id: String,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

#[derive(QueryableByName)]
struct PileRow {
    #[diesel(embed)]
    session: SessionRow,
    #[diesel(sql_type = SmallInt)]
    priority: i16,
    #[diesel(sql_type = Timestamptz)]
    opened_at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct AssignedRow {
    #[diesel(embed)]
    session: SessionRow,
    #[diesel(sql_type = Text)]
    assignee_id: String,
}

#[derive(QueryableByName)]
struct FormerRow {
    #[diesel(sql_type = Text)]
    player_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    assignee_id: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    resolved_at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl SessionRow {
    fn key(self) -> Option<Key> {
        Some((PlayerId::try_from(self.player_id).ok()?, self.id))
    }
}

/// The statement of [`staff`].
pub const STAFF: &str = "SELECT id, name, teams, capacity, status, seen_at, last_assigned_at,
        clock_timestamp() AS clock
    FROM chat_staff";

/// All members of the staff who ever opened the desk.
///
/// # Errors
/// When the database fails, as for all of these.
pub(super) async fn staff(connection: &mut AsyncPgConnection) -> Result<Vec<StaffRow>, StoreError> {
    Ok(sql_query(STAFF).load(connection).await?)
}

/// The statement of [`open_sessions`].
pub const OPEN_SESSIONS: &str = "SELECT assignee_id, count(*) AS open FROM chat_sessions
    WHERE resolved_at IS NULL AND assignee_id IS NOT NULL AND assignee_id = ANY ($1)
    GROUP BY assignee_id";

/// How many open sessions each of these members has; none of a member who has none.
pub(super) async fn open_sessions(
    connection: &mut AsyncPgConnection,
    ids: &[&str],
) -> Result<Vec<OpenRow>, StoreError> {
    Ok(sql_query(OPEN_SESSIONS).bind::<Array<Text>, _>(ids).load(connection).await?)
}

/// The statement of [`sessions_to_release`].
pub const SESSIONS_TO_RELEASE: &str = "SELECT s.player_id, s.id, s.assignee_id
    FROM chat_sessions s
    JOIN chat_conversations c ON c.player_id = s.player_id
    WHERE s.resolved_at IS NULL AND s.assignee_id IS NOT NULL AND s.assignee_id = ANY ($1)
        AND s.assigned_at <= clock_timestamp() AND c.waiting_since IS NOT NULL
    ORDER BY c.waiting_since LIMIT $2";

/// Open sessions of these members in which the player waits for an answer, the longest waiting
/// first, each with its assignee.
pub(super) async fn sessions_to_release(
    connection: &mut AsyncPgConnection,
    gone: &[&str],
    count: i64,
) -> Result<Vec<(Key, SenderId)>, StoreError> {
    let rows: Vec<AssignedRow> = sql_query(SESSIONS_TO_RELEASE)
        .bind::<Array<Text>, _>(gone)
        .bind::<BigInt, _>(count)
        .load(connection)
        .await?;
    let session =
        |row: AssignedRow| Some((row.session.key()?, SenderId::try_from(row.assignee_id).ok()?));
    Ok(rows.into_iter().filter_map(session).collect())
}

/// The statement of [`pile`] for a team.
pub const PILE_OF_TEAM: &str = "SELECT player_id, id, priority, opened_at FROM chat_sessions
    WHERE resolved_at IS NULL AND assignee_id IS NULL AND team = $2
        AND opened_at <= clock_timestamp()
    ORDER BY team, priority DESC, opened_at LIMIT $1";

/// The statement of [`pile`] for sessions of no team.
pub const PILE_OF_NO_TEAM: &str = "SELECT player_id, id, priority, opened_at FROM chat_sessions
    WHERE resolved_at IS NULL AND assignee_id IS NULL AND team IS NULL
        AND opened_at <= clock_timestamp()
    ORDER BY team, priority DESC, opened_at LIMIT $1";

/// The first `count` open sessions of a team, or of no team, that have no assignee: the most urgent,
/// and of these the oldest.
pub(super) async fn pile(
    connection: &mut AsyncPgConnection,
    team: Option<&Team>,
    count: i64,
) -> Result<Vec<WaitingSession>, StoreError> {
    let rows: Vec<PileRow> = match team {
        Some(team) => {
            sql_query(PILE_OF_TEAM)
                .bind::<BigInt, _>(count)
                .bind::<Text, _>(team.as_str())
                .load(connection)
                .await?
        }
        None => sql_query(PILE_OF_NO_TEAM).bind::<BigInt, _>(count).load(connection).await?,
    };
    let session = |PileRow { session, priority, opened_at }: PileRow| {
        let (player_id, id) = session.key()?;
        Some(WaitingSession {
            player_id,
            id,
            team: team.cloned(),
            priority: Priority::from_number(priority).unwrap_or_default(),
            opened_at,
            former: None,
        })
    };
    Ok(rows.into_iter().filter_map(session).collect())
}

/// The statement of [`former_assignees`].
pub const FORMER_ASSIGNEES: &str = "SELECT DISTINCT ON (player_id)
        player_id, assignee_id, resolved_at
    FROM chat_sessions
    WHERE player_id = ANY ($1) AND resolved_at IS NOT NULL
    ORDER BY player_id, resolved_at DESC";

/// Who had the last session of each of these players that is resolved.
pub(super) async fn former_assignees(
    connection: &mut AsyncPgConnection,
    players: &[PlayerId],
) -> Result<Vec<Former>, StoreError> {
    let players: Vec<_> = players.iter().map(PlayerId::as_str).collect();
    let rows: Vec<FormerRow> =
        sql_query(FORMER_ASSIGNEES).bind::<Array<Text>, _>(players).load(connection).await?;
    let former = |FormerRow { player_id, assignee_id, resolved_at }: FormerRow| {
        Some(Former {
            player_id: PlayerId::try_from(player_id).ok()?,
            assignee_id: SenderId::try_from(assignee_id?).ok()?,
            resolved_at,
        })
    };
    Ok(rows.into_iter().filter_map(former).collect())
}

/// Records when the system last assigned a session to the member.
pub(super) async fn set_assigned(
    connection: &mut AsyncPgConnection,
    id: &SenderId,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sql_query("UPDATE chat_staff SET last_assigned_at = $2 WHERE id = $1")
        .bind::<Text, _>(id.as_str())
        .bind::<Timestamptz, _>(at)
        .execute(connection)
        .await?;
    Ok(())
}

/// The statement of [`recently_changed`] for assigned sessions. The subquery is no join, so that
/// PostgreSQL looks up the changes of each session, and never reads those of all players.
pub const RECENTLY_ASSIGNED: &str = "SELECT s.player_id, s.id FROM chat_sessions s
    WHERE s.resolved_at IS NULL AND s.assignee_id IS NOT NULL AND s.assignee_id = ANY ($2)
        AND s.assigned_at >= $1 AND (
            SELECT true FROM chat_assignments a WHERE a.player_id = s.player_id
                AND a.accepted_at >= $1 AND a.reason IN ('auto', 'gone') LIMIT 1
        )";

/// The statement of [`recently_changed`] for released sessions.
pub const RECENTLY_RELEASED: &str = "SELECT s.player_id, s.id FROM chat_sessions s
    WHERE s.resolved_at IS NULL AND s.assignee_id IS NULL AND (
            SELECT true FROM chat_assignments a WHERE a.player_id = s.player_id
                AND a.accepted_at >= $1 AND a.reason IN ('auto', 'gone') LIMIT 1
        )";

/// The open sessions that an assigner has changed since then.
pub(super) async fn recently_changed(
    connection: &mut AsyncPgConnection,
    ids: &[&str],
    since: DateTime<Utc>,
) -> Result<Vec<Key>, StoreError> {
    let mut rows: Vec<SessionRow> = sql_query(RECENTLY_ASSIGNED)
        .bind::<Timestamptz, _>(since)
        .bind::<Array<Text>, _>(ids)
        .load(connection)
        .await?;
    let released: Vec<SessionRow> =
        sql_query(RECENTLY_RELEASED).bind::<Timestamptz, _>(since).load(connection).await?;
    rows.extend(released);
    Ok(rows.into_iter().filter_map(SessionRow::key).collect())
}

/// The statement of [`count_pile`].
pub const COUNT_PILE: &str = "SELECT count(*) AS count FROM chat_sessions
    WHERE resolved_at IS NULL AND assignee_id IS NULL";

/// The number of open sessions without an assignee.
pub(super) async fn count_pile(connection: &mut AsyncPgConnection) -> Result<i64, StoreError> {
    let Counted { count } = sql_query(COUNT_PILE).get_result(connection).await?;
    Ok(count)
}
