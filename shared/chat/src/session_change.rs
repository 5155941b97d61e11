use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Name, PlayerId, SenderId, Tag, Team, TraceParent};

/// A change of what staff keeps about a session, which the gateway accepted.
///
/// The changes of one session are applied in the order of (`accepted_at`, `change_id`), whatever the
/// order in which they are processed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionChange {
    /// Id of the change; a change of the same player with the same id is a repeat.
    pub change_id: Uuid,
    /// The player of the conversation.
    pub player_id: PlayerId,
    /// The session that its author saw. The change has no effect on any other. Without it, the
    /// change applies to the session that was open when it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
    /// What changes.
    pub what: SessionAction,
    /// The author's id at the portal; `None` for a change by the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<SenderId>,
    /// The author's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_name: Option<Name>,
    /// When the gateway accepted it, in whole microseconds.
    #[serde(with = "super::timestamp")]
    pub accepted_at: DateTime<Utc>,
    /// The trace that it belongs to.
    #[serde(
        default,
        deserialize_with = "TraceParent::read",
        skip_serializing_if = "Option::is_none"
    )]
    pub traceparent: Option<TraceParent>,
}

/// What a [`SessionChange`] does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SessionAction {
    /// The assignee gets the session if it has none at that point.
    Claim(Assignee),
    /// The assignee gets the session.
    Assign(Assignee),
    /// The session has no assignee any more.
    Release {
        /// The team to which it goes; `None` leaves the team as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        team: Option<Team>,
        /// The release has an effect only while this member of the staff has the session; `None`
        /// stands for any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<SenderId>,
    },
    /// The session goes to a team, unless an earlier change has sent it to one.
    Route(Team),
    /// The session gets and loses tags.
    Tags {
        /// The tags that it gets.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        add: Vec<Tag>,
        /// The tags that it loses.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        remove: Vec<Tag>,
    },
    /// The session gets a priority.
    Priority(Priority),
}

/// The member of the staff who has a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assignee {
    /// The portal's id for them.
    pub id: SenderId,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// Why they have it.
    #[serde(default, skip_serializing_if = "AssignmentReason::is_manual")]
    pub reason: AssignmentReason,
}

/// Why a session has its assignee, or lost it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum AssignmentReason {
    /// A member of the staff took it.
    Claim,
    /// A member of the staff gave it, or put it back.
    #[default]
    Manual,
    /// A member of the staff answered.
    Reply,
    /// The system assigned it.
    Auto,
    /// The system took it from a member of the staff who had left.
    Gone,
}

impl AssignmentReason {
    /// Its name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    fn is_manual(&self) -> bool {
        *self == Self::Manual
    }
}

/// How urgent a session is. Its number orders priorities, and is what the database stores.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
#[repr(i16)]
pub enum Priority {
    /// After all others.
    Low = -1,
    /// The priority of a session that staff gave none.
    #[default]
    Normal = 0,
    /// Before those of normal priority.
    High = 1,
    /// Before all others.
    Urgent = 2,
}

impl Priority {
    /// Every priority, the lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Urgent];

    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Its number in the database.
    pub fn number(self) -> i16 {
        self as i16
    }

    /// The priority with that number.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.number() == number)
    }

    pub(super) fn is_normal(&self) -> bool {
        *self == Self::Normal
    }
}

#[cfg(test)]
mod tests {
    use crate::event::Event;

    #[test]
    fn each_action_has_its_own_key_and_survives_the_queue() {
        for what in [
            r#"{"claim":{"id":"ada","name":"Ada","reason":"claim"}}"#,
            r#"{"assign":{"id":"ada"}}"#,
            r#"{"release":{"team":"payments"}}"#,
            r#"{"release":{}}"#,
            r#"{"route":"payments"}"#,
            r#"{"tags":{"add":["refund"],"remove":["spam"]}}"#,
            r#"{"priority":"urgent"}"#,
        ] {
            let json = format!(
                r#"{{"sessionChange":{{"changeId":"0197a2b0-0000-7000-8000-000000000001","playerId":"p1","what":{what},"by":"ada","acceptedAt":"2026-01-01T00:00:00.000001Z"}}}}"#
            );
            let event: Event = serde_json::from_str(&json).unwrap();
            assert!(matches!(event, Event::SessionChange(_)));
            assert_eq!(serde_json::to_string(&event).unwrap(), json);
        }
    }
}
