use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use utoipa::ToSchema;

use super::{Name, SenderId, Team};

/// A member of the staff at the desk, as an open desk says again and again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StaffAvailability {
    /// The portal's id for them.
    pub staff_id: SenderId,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// The member's teams, as the token names them: at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<Team>,
    /// How many open sessions the member has at once before the system assigns no more; `None` for
    /// the system's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u16>,
    /// Whether the member takes sessions.
    pub availability: Availability,
    /// When the gateway accepted it, in whole microseconds. The last one counts.
    #[serde(with = "super::timestamp")]
    pub accepted_at: DateTime<Utc>,
}

/// Whether a member of the staff takes sessions.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Availability {
    /// Takes new sessions.
    Online,
    /// Takes no new sessions and keeps those they have.
    Away,
    /// Takes no new sessions, and gives those back in which the player waits for an answer.
    Reassign,
}

impl Availability {
    /// Its name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
