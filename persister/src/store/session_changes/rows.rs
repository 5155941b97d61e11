//! Rows, as they are read.

use std::str::FromStr as _;

use chat::{
    Assignee, AssignmentReason, Name, PlayerId, Priority, RequestedStatus, SenderId, SessionAction,
    SessionChange, StatusChange, Tag, Team,
};
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    staff_facts::claim_by_reply,
    store::{error::StoreError, rows::StoredPlayer},
};

/// A row of `chat_assignments`.
#[derive(QueryableByName)]
pub(super) struct AssignmentRow {
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
pub(super) struct SessionChangeRow {
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
pub(super) struct Tags {
    pub add: Vec<Tag>,
    pub remove: Vec<Tag>,
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

impl TryFrom<SessionChangeRow> for SessionChange {
    type Error = StoreError;

    fn try_from(row: SessionChangeRow) -> Result<Self, StoreError> {
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

/// An effective change to active.
#[derive(QueryableByName)]
pub(super) struct ActivationRow {
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

impl From<ActivationRow> for StatusChange {
    fn from(row: ActivationRow) -> Self {
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
pub(super) struct ReplyRow {
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

impl ReplyRow {
    /// The message as a claim.
    pub fn into_claim(self) -> Option<SessionChange> {
        let id = SenderId::try_from(self.sender_id).ok()?;
        let name = self.sender_name.and_then(|name| Name::try_from(name).ok());
        Some(claim_by_reply(self.player_id, self.id, id, name, self.accepted_at))
    }
}
