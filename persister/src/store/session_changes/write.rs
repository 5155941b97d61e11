use chat::{
    Assignee, AssignmentReason, Name, PlayerId, SenderId, SessionAction, SessionChange, Team,
};
use chrono::{DateTime, Utc};
use diesel::sql_types::{Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{is_of_system, rows::Tags};
use crate::store::{error::StoreError, plan::NewSessionChange, statement::Statement};

/// Inserts the changes, except those whose key is stored.
pub(in crate::store) async fn insert(
    connection: &mut AsyncPgConnection,
    changes: &[NewSessionChange],
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
pub(in crate::store) async fn update_changed_at(
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
