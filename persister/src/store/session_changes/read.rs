use std::collections::HashMap;

use chat::{PlayerId, SessionChange, StatusChange};
use chrono::{DateTime, Utc};
use diesel::sql_types::{Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::rows::{ActivationRow, AssignmentRow, ReplyRow, SessionChangeRow};
use crate::{
    staff_facts::Gap,
    store::{error::StoreError, rows::Key, statement::Statement},
};

/// The changes of one conversation that are needed.
pub(in crate::store) struct NeededChanges {
    pub player_id: PlayerId,
    pub since: DateTime<Utc>,
}

/// The stored changes of some conversations.
#[derive(Default)]
pub(in crate::store) struct StoredSessionChanges {
    pub changes: Vec<SessionChange>,
    /// The changes to active that have an effect.
    pub activations: Vec<StatusChange>,
}

/// The stored changes that have the key of one of `changes`, by key.
pub(in crate::store) async fn by_key(
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
    let others: Vec<SessionChangeRow> = keys(
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
pub(in crate::store) async fn since(
    connection: &mut AsyncPgConnection,
    needs: &[NeededChanges],
) -> Result<StoredSessionChanges, StoreError> {
    if needs.is_empty() {
        return Ok(StoredSessionChanges::default());
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
    let others: Vec<SessionChangeRow> = needed(
        "SELECT c.player_id, c.id, c.session_id, c.what, c.value::text, c.by_id, c.by_name,
             c.accepted_at
         FROM unnest(",
        ") AS need (player_id, since)
         JOIN chat_session_changes c
             ON c.player_id = need.player_id AND c.accepted_at >= need.since",
    )
    .load(connection)
    .await?;
    let activations: Vec<ActivationRow> = needed(
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
    Ok(StoredSessionChanges {
        changes,
        activations: activations.into_iter().map(StatusChange::from).collect(),
    })
}

/// The first message of staff in each gap of a player's session, as a claim.
pub(in crate::store) async fn first_replies(
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
    Ok(rows.into_iter().filter_map(ReplyRow::into_claim).collect())
}

fn to_changes<Row>(rows: Vec<Row>) -> Result<Vec<SessionChange>, StoreError>
where
    SessionChange: TryFrom<Row, Error = StoreError>,
{
    rows.into_iter().map(SessionChange::try_from).collect()
}
