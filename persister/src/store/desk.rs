//! The changes of what staff keeps about sessions, as rows.

use std::{collections::HashMap, str::FromStr as _};

use chat::{
    Assignee, AssignmentReason, Name, PlayerId, Priority, RequestedStatus, SenderId, SessionAction,
    SessionChange, StatusChange, Tag, Team,
};
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    error::StoreError,
    plan::DeskChange,
    rows::{Key, StoredPlayer},
    statement::Statement,
};
use crate::desk::{Gap, claim_by_reply};

/// The changes of one conversation that are needed.
pub(super) struct NeededChanges {
    pub player_id: PlayerId,
    pub since: DateTime<Utc>,
}

/// The stored changes of some conversations.
#[derive(Default)]
pub(super) struct StoredChanges {
    pub changes: Vec<SessionChange>,
    /// The changes to active that have an effect.
    pub takings: Vec<StatusChange>,
}

/// A row of `chat_assignments`.
#[derive(QueryableByName)]
struct AssignmentRow {
    #[diesel(sql_type = Text, deserialize_as = StoredPlayer)]
    player_id: PlayerId,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    session_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    action: String,
    #[diesel(sql_type = Nullable<Text>)]
    assignee_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    assignee_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    team: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    by_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    by_name: Option<String>,
    #[diesel(sql_type = Text)]
    reason: String,
    #[diesel(sql_type = Timestamptz)]
    accepted_at: DateTime<Utc>,
}

/// A row of `chat_session_changes`.
#[derive(QueryableByName)]
struct ChangeRow {
    #[diesel(sql_type = Text, deserialize_as = StoredPlayer)]
    player_id: PlayerId,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    session_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    what: String,
    #[diesel(sql_type = Text)]
    value: String,
    #[diesel(sql_type = Nullable<Text>)]
    by_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    by_name: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    accepted_at: DateTime<Utc>,
}

/// The `value` of a change of tags.
#[derive(Deserialize, Serialize)]
struct Tags {
    add: Vec<Tag>,
    remove: Vec<Tag>,
}

impl TryFrom<AssignmentRow> for SessionChange {
    type Error = StoreError;

    fn try_from(row: AssignmentRow) -> Result<Self, StoreError> {
        let id = row.assignee_id.and_then(|id| SenderId::try_from(id).ok());
        let name = row.assignee_name.and_then(|name| Name::try_from(name).ok());
        let reason = AssignmentReason::from_str(&row.reason).unwrap_or_default();
        let assignee = id.clone().map(|id| Assignee { id, name, reason });
        let what = match (row.action.as_str(), assignee) {
            ("claim", Some(assignee)) => SessionAction::Claim(assignee),
            ("assign", Some(assignee)) => SessionAction::Assign(assignee),
            ("release", _) => {
                let team = row.team.and_then(|team| Team::try_from(team).ok());
                SessionAction::Release { team, from: id }
            }
            _ => return Err(unreadable(row.id)),
        };
        Ok(Self {
            change_id: row.id,
            player_id: row.player_id,
            session_id: row.session_id,
            what,
            by: row.by_id.and_then(|id| SenderId::try_from(id).ok()),
            by_name: row.by_name.and_then(|name| Name::try_from(name).ok()),
            accepted_at: row.accepted_at,
            traceparent: None,
        })
    }
}

impl TryFrom<ChangeRow> for SessionChange {
    type Error = StoreError;

    fn try_from(row: ChangeRow) -> Result<Self, StoreError> {
        let what = match row.what.as_str() {
            "route" => serde_json::from_str(&row.value).ok().map(SessionAction::Route),
            "priority" => serde_json::from_str(&row.value)
                .ok()
                .and_then(Priority::from_number)
                .map(SessionAction::Priority),
            "tags" => serde_json::from_str(&row.value)
                .ok()
                .map(|Tags { add, remove }| SessionAction::Tags { add, remove }),
            _ => None,
        };
        Ok(Self {
            change_id: row.id,
            player_id: row.player_id,
            session_id: row.session_id,
            what: what.ok_or_else(|| unreadable(row.id))?,
            by: row.by_id.and_then(|id| SenderId::try_from(id).ok()),
            by_name: row.by_name.and_then(|name| Name::try_from(name).ok()),
            accepted_at: row.accepted_at,
            traceparent: None,
        })
    }
}

fn unreadable(id: Uuid) -> StoreError {
    StoreError::Unavailable(format!("session change {id} is of an unknown kind"))
}

/// The stored changes that have the key of one of `changes`, by key.
pub(super) async fn by_key(
    connection: &mut AsyncPgConnection,
    changes: &[&SessionChange],
) -> Result<HashMap<Key, SessionChange>, StoreError> {
    if changes.is_empty() {
        return Ok(HashMap::new());
    }
    let keys = |before, after| {
        Statement::new(before, after)
            .column::<Text, _, _>(changes, |change| change.player_id.as_str())
            .column::<SqlUuid, _, _>(changes, |change| change.change_id)
    };
    let assignments: Vec<AssignmentRow> = keys(
        "SELECT a.* FROM unnest(",
        ") AS key (player_id, id)
         JOIN chat_assignments a ON a.player_id = key.player_id AND a.id = key.id",
    )
    .load(connection)
    .await?;
    let others: Vec<ChangeRow> = keys(
        "SELECT c.player_id, c.id, c.session_id, c.what, c.value::text, c.by_id, c.by_name,
             c.accepted_at
         FROM unnest(",
        ") AS key (player_id, id)
         JOIN chat_session_changes c ON c.player_id = key.player_id AND c.id = key.id",
    )
    .load(connection)
    .await?;
    let changes = to_changes(assignments)?.into_iter().chain(to_changes(others)?);
    Ok(changes.map(|change| ((change.player_id.clone(), change.change_id), change)).collect())
}

/// The needed changes.
pub(super) async fn since(
    connection: &mut AsyncPgConnection,
    needs: &[NeededChanges],
) -> Result<StoredChanges, StoreError> {
    if needs.is_empty() {
        return Ok(StoredChanges::default());
    }
    let needed = |before, after| {
        Statement::new(before, after)
            .column::<Text, _, _>(needs, |need| need.player_id.as_str())
            .column::<Timestamptz, _, _>(needs, |need| need.since)
    };
    let assignments: Vec<AssignmentRow> = needed(
        "SELECT a.* FROM unnest(",
        ") AS need (player_id, since)
         JOIN chat_assignments a
             ON a.player_id = need.player_id AND a.accepted_at >= need.since",
    )
    .load(connection)
    .await?;
    let others: Vec<ChangeRow> = needed(
        "SELECT c.player_id, c.id, c.session_id, c.what, c.value::text, c.by_id, c.by_name,
             c.accepted_at
         FROM unnest(",
        ") AS need (player_id, since)
         JOIN chat_session_changes c
             ON c.player_id = need.player_id AND c.accepted_at >= need.since",
    )
    .load(connection)
    .await?;
    let takings: Vec<TakingRow> = needed(
        "SELECT s.player_id, s.id, s.accepted_at, s.actor_id, s.actor_name FROM unnest(",
        ") AS need (player_id, since)
         JOIN chat_status_changes s
             ON s.player_id = need.player_id AND s.accepted_at >= need.since
             AND s.effective AND s.status = 'active'",
    )
    .load(connection)
    .await?;
    let mut changes = to_changes(assignments)?;
    changes.extend(to_changes(others)?);
    Ok(StoredChanges { changes, takings: takings.into_iter().map(StatusChange::from).collect() })
}

/// An effective change to active.
#[derive(QueryableByName)]
struct TakingRow {
    #[diesel(sql_type = Text, deserialize_as = StoredPlayer)]
    player_id: PlayerId,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    accepted_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Text>)]
    actor_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    actor_name: Option<String>,
}

impl From<TakingRow> for StatusChange {
    fn from(row: TakingRow) -> Self {
        Self {
            change_id: row.id,
            player_id: row.player_id,
            status: RequestedStatus::Active,
            accepted_at: row.accepted_at,
            session_id: None,
            last_seq: None,
            actor_id: row.actor_id.and_then(|id| SenderId::try_from(id).ok()),
            actor_name: row.actor_name.and_then(|name| Name::try_from(name).ok()),
            traceparent: None,
        }
    }
}

/// A message of staff, as a row.
#[derive(QueryableByName)]
struct ReplyRow {
    #[diesel(sql_type = Text, deserialize_as = StoredPlayer)]
    player_id: PlayerId,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    sender_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    sender_name: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    accepted_at: DateTime<Utc>,
}

/// The first message of staff in each gap of a player's session, as a claim.
pub(super) async fn first_replies(
    connection: &mut AsyncPgConnection,
    gaps: &[(PlayerId, Gap)],
) -> Result<Vec<SessionChange>, StoreError> {
    if gaps.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<ReplyRow> = Statement::new(
        "SELECT reply.* FROM unnest(",
        ") AS gap (player_id, after_at, after_id, until)
         CROSS JOIN LATERAL (
             SELECT m.player_id, m.id, m.sender_id, m.sender_name, m.accepted_at
             FROM chat_messages m
             WHERE m.player_id = gap.player_id
                 AND (m.accepted_at, m.id) > (gap.after_at, gap.after_id)
                 AND (gap.until IS NULL OR m.accepted_at <= gap.until)
                 AND m.sender_type = 'staff' AND m.sender_id IS NOT NULL
             ORDER BY m.accepted_at, m.id LIMIT 1
         ) AS reply",
    )
    .column::<Text, _, _>(gaps, |(player_id, _)| player_id.as_str())
    .column::<Timestamptz, _, _>(gaps, |(_, gap)| gap.after.0)
    .column::<SqlUuid, _, _>(gaps, |(_, gap)| gap.after.1)
    .column::<Nullable<Timestamptz>, _, _>(gaps, |(_, gap)| gap.until)
    .load(connection)
    .await?;
    let claim = |row: ReplyRow| {
        let id = SenderId::try_from(row.sender_id).ok()?;
        let name = row.sender_name.and_then(|name| Name::try_from(name).ok());
        Some(claim_by_reply(row.player_id, row.id, id, name, row.accepted_at))
    };
    Ok(rows.into_iter().filter_map(claim).collect())
}

/// Inserts the changes, except those whose key is stored.
pub(super) async fn insert(
    connection: &mut AsyncPgConnection,
    changes: &[DeskChange],
) -> Result<(), StoreError> {
    let changes = || changes.iter().map(|new| &new.change);
    let assignments: Vec<_> = changes().filter_map(NewAssignment::of).collect();
    if !assignments.is_empty() {
        Statement::new(
            "INSERT INTO chat_assignments
                 (player_id, id, session_id, action, assignee_id, assignee_name, team, by_id,
                  by_name, reason, accepted_at)
             SELECT * FROM unnest(",
            ") ON CONFLICT DO NOTHING",
        )
        .column::<Text, _, _>(&assignments, |new| new.change.player_id.as_str())
        .column::<SqlUuid, _, _>(&assignments, |new| new.change.change_id)
        .column::<Nullable<SqlUuid>, _, _>(&assignments, |new| new.change.session_id)
        .column::<Text, _, _>(&assignments, |new| new.action)
        .column::<Nullable<Text>, _, _>(&assignments, |new| new.id.map(SenderId::as_str))
        .column::<Nullable<Text>, _, _>(&assignments, |new| new.name.map(Name::as_str))
        .column::<Nullable<Text>, _, _>(&assignments, |new| new.team.map(Team::as_str))
        .column::<Nullable<Text>, _, _>(&assignments, |new| {
            new.change.by.as_ref().map(SenderId::as_str)
        })
        .column::<Nullable<Text>, _, _>(&assignments, |new| {
            new.change.by_name.as_ref().map(Name::as_str)
        })
        .column::<Text, _, _>(&assignments, |new| new.reason.as_str())
        .column::<Timestamptz, _, _>(&assignments, |new| new.change.accepted_at)
        .execute(connection)
        .await?;
    }
    let others: Vec<_> = changes().filter_map(NewChange::of).collect();
    if !others.is_empty() {
        Statement::new(
            "INSERT INTO chat_session_changes
                 (player_id, id, session_id, what, value, by_id, by_name, accepted_at)
             SELECT player_id, id, session_id, what, value::jsonb, by_id, by_name, accepted_at
             FROM unnest(",
            ") AS new (player_id, id, session_id, what, value, by_id, by_name, accepted_at)
             ON CONFLICT DO NOTHING",
        )
        .column::<Text, _, _>(&others, |new| new.change.player_id.as_str())
        .column::<SqlUuid, _, _>(&others, |new| new.change.change_id)
        .column::<Nullable<SqlUuid>, _, _>(&others, |new| new.change.session_id)
        .column::<Text, _, _>(&others, |new| new.what)
        .column::<Text, _, _>(&others, |new| new.value.as_str())
        .column::<Nullable<Text>, _, _>(&others, |new| new.change.by.as_ref().map(SenderId::as_str))
        .column::<Nullable<Text>, _, _>(&others, |new| {
            new.change.by_name.as_ref().map(Name::as_str)
        })
        .column::<Timestamptz, _, _>(&others, |new| new.change.accepted_at)
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// Stores when the latest change of each conversation was accepted.
pub(super) async fn update_changed_at(
    connection: &mut AsyncPgConnection,
    changed: &[(PlayerId, DateTime<Utc>)],
) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    Statement::new(
        "UPDATE chat_conversations AS c SET
             desk_changed_at = greatest(c.desk_changed_at, new.desk_changed_at)
         FROM unnest(",
        ") AS new (player_id, desk_changed_at) WHERE c.player_id = new.player_id",
    )
    .column::<Text, _, _>(changed, |(player_id, _)| player_id.as_str())
    .column::<Timestamptz, _, _>(changed, |(_, at)| *at)
    .execute(connection)
    .await?;
    Ok(())
}

/// A new row of `chat_assignments`.
struct NewAssignment<'a> {
    change: &'a SessionChange,
    action: &'static str,
    id: Option<&'a SenderId>,
    name: Option<&'a Name>,
    team: Option<&'a Team>,
    reason: AssignmentReason,
}

impl<'a> NewAssignment<'a> {
    fn of(change: &'a SessionChange) -> Option<Self> {
        let of = |action, assignee: &'a Assignee| Self {
            change,
            action,
            id: Some(&assignee.id),
            name: assignee.name.as_ref(),
            team: None,
            reason: assignee.reason,
        };
        match &change.what {
            SessionAction::Claim(assignee) => Some(of("claim", assignee)),
            SessionAction::Assign(assignee) => Some(of("assign", assignee)),
            SessionAction::Release { team, from } => Some(Self {
                change,
                action: "release",
                id: from.as_ref(),
                name: None,
                team: team.as_ref(),
                reason: if is_of_system(change) {
                    AssignmentReason::Gone
                } else {
                    AssignmentReason::Manual
                },
            }),
            SessionAction::Route(_) | SessionAction::Tags { .. } | SessionAction::Priority(_) => {
                None
            }
        }
    }
}

/// A new row of `chat_session_changes`.
struct NewChange<'a> {
    change: &'a SessionChange,
    what: &'static str,
    /// In JSON.
    value: String,
}

impl<'a> NewChange<'a> {
    fn of(change: &'a SessionChange) -> Option<Self> {
        let (what, value) = match &change.what {
            SessionAction::Route(team) => ("route", serde_json::to_string(team)),
            SessionAction::Priority(priority) => {
                ("priority", serde_json::to_string(&priority.number()))
            }
            SessionAction::Tags { add, remove } => {
                let tags = Tags { add: add.clone(), remove: remove.clone() };
                ("tags", serde_json::to_string(&tags))
            }
            SessionAction::Claim(_) | SessionAction::Assign(_) | SessionAction::Release { .. } => {
                return None;
            }
        };
        // Names and numbers can always be serialized.
        value.ok().map(|value| Self { change, what, value })
    }
}

/// Whether the system made the change, and no member of the staff.
pub(super) fn is_of_system(change: &SessionChange) -> bool {
    change.by.is_none()
        && match &change.what {
            SessionAction::Claim(assignee) | SessionAction::Assign(assignee) => {
                assignee.reason == AssignmentReason::Auto
            }
            SessionAction::Release { from, .. } => from.is_some(),
            SessionAction::Route(_) => true,
            SessionAction::Tags { .. } | SessionAction::Priority(_) => false,
        }
}

/// Whether `change` is `first` sent again. A name may be spelt in another way.
pub(super) fn is_repeat_of(change: &SessionChange, first: &SessionChange) -> bool {
    let is_same_assignee = |one: &Assignee, other: &Assignee| one.id == other.id;
    change.session_id == first.session_id
        && match (&change.what, &first.what) {
            (SessionAction::Claim(one), SessionAction::Claim(other))
            | (SessionAction::Assign(one), SessionAction::Assign(other)) => {
                is_same_assignee(one, other)
            }
            (one, other) => one == other,
        }
}

fn to_changes<Row>(rows: Vec<Row>) -> Result<Vec<SessionChange>, StoreError>
where
    SessionChange: TryFrom<Row, Error = StoreError>,
{
    rows.into_iter().map(SessionChange::try_from).collect()
}
