use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Language, Name, PlayerId, Priority, SenderId, Tag, Team, TraceParent};

/// How far a session has come.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    IntoStaticStr,
    ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum SessionStatus {
    /// No member of staff has answered yet.
    Pending,
    /// Staff answered or took it.
    Active,
    /// Staff closed it; the player's next message opens another.
    Resolved,
}

impl SessionStatus {
    /// Every status, in the order in which a session goes through them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Active, Self::Resolved];

    /// Its name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// A request of staff to take or resolve a conversation's open session, which the gateway accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusChange {
    /// Id of the change; a change of the same player with the same id is a repeat.
    pub change_id: Uuid,
    /// The player of the conversation.
    pub player_id: PlayerId,
    /// The requested status.
    pub status: RequestedStatus,
    /// When the gateway accepted it, in whole microseconds. It applies to the session that was open then.
    #[serde(with = "super::timestamp")]
    pub accepted_at: DateTime<Utc>,
    /// The session that its author saw. The change has no effect on any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
    /// The highest `seq` that its author saw. The change has no effect on a session in which the
    /// player had written more than that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seq: Option<i64>,
    /// The author's id at the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<SenderId>,
    /// The name of that member of the staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_name: Option<Name>,
    /// The trace that it belongs to.
    #[serde(
        default,
        deserialize_with = "TraceParent::read",
        skip_serializing_if = "Option::is_none"
    )]
    pub traceparent: Option<TraceParent>,
}

/// A status that staff can ask for; `pending` only comes from a player's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, ToSchema)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum RequestedStatus {
    /// Staff takes the session.
    Active,
    /// Staff closes the session.
    Resolved,
}

impl RequestedStatus {
    /// Its name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The committed state of a session, for clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionState {
    /// The session's id.
    pub id: Uuid,
    /// The player of its conversation.
    pub player_id: PlayerId,
    /// The player's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player_name: Option<Name>,
    /// How far it has come.
    pub status: SessionStatus,
    /// When its first message was accepted.
    #[serde(with = "super::timestamp")]
    pub opened_at: DateTime<Utc>,
    /// When its last message was accepted.
    #[serde(with = "super::timestamp")]
    pub last_message_at: DateTime<Utc>,
    /// When staff resolved it.
    #[serde(default, with = "super::timestamp::optional")]
    pub resolved_at: Option<DateTime<Utc>>,
    /// Grows with each change of the session, except of `last_message_at` while it is open. Clients drop an
    /// older state that arrives later.
    pub version: i64,
    /// The fields that only staff may see.
    #[serde(flatten)]
    pub staff: StaffFacts,
}

impl SessionState {
    /// The state without the fields that only staff may see. The assignee's name is kept if
    /// `staff_names` are shown to players.
    pub fn for_player(&self, staff_names: StaffNames) -> Self {
        let assignee_name = match staff_names {
            StaffNames::Shown => self.staff.assignee_name.clone(),
            StaffNames::Hidden => None,
        };
        Self { staff: StaffFacts { assignee_name, ..StaffFacts::default() }, ..self.clone() }
    }
}

/// Whether players learn the name of the member of the staff who has their session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumString)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum StaffNames {
    /// They do.
    Shown,
    /// They do not.
    #[default]
    Hidden,
}

/// The fields of a session that players never receive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StaffFacts {
    /// The member of the staff whose change was the last to have an effect on the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<SenderId>,
    /// The name of that member of the staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_name: Option<Name>,
    /// The ids of changes that had no effect, because they name another session or the player had
    /// written meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale_change_ids: Vec<Uuid>,
    /// The member of the staff who has the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<SenderId>,
    /// The name of that member of the staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee_name: Option<Name>,
    /// Since when that member has it.
    #[serde(default, with = "super::timestamp::optional", skip_serializing_if = "Option::is_none")]
    pub assigned_at: Option<DateTime<Utc>>,
    /// The team that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Team>,
    /// Its tags, sorted: at most [`Tag::MAX_OF_SESSION`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// How urgent it is; normal when absent.
    #[serde(default, skip_serializing_if = "Priority::is_normal")]
    pub priority: Priority,
    /// The player's language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> SessionState {
        SessionState {
            id: Uuid::now_v7(),
            player_id: "p1".to_owned().try_into().unwrap(),
            player_name: None,
            status: SessionStatus::Active,
            opened_at: crate::now(),
            last_message_at: crate::now(),
            resolved_at: None,
            version: 1,
            staff: StaffFacts {
                actor_id: Some("ada@example.com".to_owned().try_into().unwrap()),
                actor_name: Some("Ada".to_owned().try_into().unwrap()),
                stale_change_ids: vec![Uuid::now_v7()],
                assignee_id: Some("grace".to_owned().try_into().unwrap()),
                assignee_name: Some("Grace".to_owned().try_into().unwrap()),
                assigned_at: Some(crate::now()),
                team: Some("payments".to_owned().try_into().unwrap()),
                tags: vec!["refund".to_owned().try_into().unwrap()],
                priority: Priority::Urgent,
                language: Some("de".to_owned().try_into().unwrap()),
            },
        }
    }

    #[test]
    fn staff_facts_stand_beside_the_other_fields_and_survive_the_queue() {
        let state = state();
        let json = serde_json::to_value(&state).unwrap();
        assert_eq!(json["actorId"], "ada@example.com");
        assert_eq!(serde_json::from_value::<SessionState>(json).unwrap(), state);
    }

    #[test]
    fn a_player_receives_no_staff_fact_but_a_shown_name() {
        for (names, is_shown) in [(StaffNames::Hidden, false), (StaffNames::Shown, true)] {
            let json = serde_json::to_string(&state().for_player(names)).unwrap();
            for fact in [
                "actor",
                "stale",
                "ada@",
                "Ada",
                "assigneeId",
                "grace",
                "assignedAt",
                "team",
                "payments",
                "tags",
                "refund",
                "priority",
                "urgent",
                "language",
            ] {
                assert!(!json.contains(fact), "{json}");
            }
            assert_eq!(json.contains("Grace"), is_shown, "{json}");
        }
    }

    #[test]
    fn a_change_of_an_older_release_has_no_optional_field() {
        let json = r#"{"changeId":"01890000-0000-7000-8000-000000000000","playerId":"p1",
            "status":"resolved","acceptedAt":"2026-01-01T00:00:00Z"}"#;
        let change: StatusChange = serde_json::from_str(json).unwrap();
        assert_eq!((change.session_id, change.last_seq, change.actor_id), (None, None, None));
    }
}
