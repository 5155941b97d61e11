use chat::{Name, PlayerId, SenderId, Team, ValidationError};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::{Caller, StaffProfile, staff_profile::teams_in};
use crate::input::{NewPlayerId, NewSenderId, display_name};

/// The claims of a token.
///
/// The optional ones are read leniently, since the token's bearer cannot correct them.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    /// The player's id, or the portal's id for a member of the staff.
    pub(super) sub: String,
    pub(super) role: Role,
    #[serde(default, deserialize_with = "lenient_name", skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Name>,
    /// Of staff.
    #[serde(default, deserialize_with = "lenient_teams", skip_serializing_if = "Vec::is_empty")]
    pub(super) teams: Vec<Team>,
    /// Of staff.
    #[serde(
        default,
        deserialize_with = "lenient_flag",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub(super) lead: bool,
    /// Of staff.
    #[serde(default, deserialize_with = "lenient_flag", skip_serializing)]
    pub(super) bot: bool,
    /// Of staff.
    #[serde(default, deserialize_with = "lenient_number", skip_serializing)]
    pub(super) capacity: Option<u16>,
}

/// The role of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sends, reads and subscribes to the player's own conversation
    Player,
    /// Does so in every conversation, reads the inbox, and changes the status of sessions
    Staff,
}

/// Reads a display name: one that is not text, or has no visible character, is ignored, and one that
/// is too long is cut.
fn lenient_name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Name>, D::Error> {
    let name = Value::deserialize(from)?;
    Ok(name.as_str().and_then(display_name))
}

/// Reads teams: names that a team cannot have, and those after the first 20, are ignored.
fn lenient_teams<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Team>, D::Error> {
    Ok(teams_in(&Value::deserialize(from)?))
}

/// Reads a flag: everything but `true` is false.
fn lenient_flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(Value::deserialize(from)? == Value::Bool(true))
}

/// Reads a number: one that is not whole, or not 0 to 65,535, is ignored.
fn lenient_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u16>, D::Error> {
    let number = Value::deserialize(from)?;
    Ok(number.as_u64().and_then(|number| u16::try_from(number).ok()))
}

impl TryFrom<Claims> for Caller {
    type Error = ValidationError;

    fn try_from(claims: Claims) -> Result<Self, ValidationError> {
        let Claims { sub, role, name, teams, lead, bot, capacity } = claims;
        Ok(match role {
            Role::Player => Self::Player { id: PlayerId::from(NewPlayerId::try_from(sub)?), name },
            Role::Staff => Self::Staff {
                id: SenderId::from(NewSenderId::try_from(sub)?),
                name,
                profile: StaffProfile { teams, is_lead: lead, is_bot: bot, capacity },
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn caller(claims: Value) -> Caller {
        serde_json::from_value::<Claims>(claims).unwrap().try_into().unwrap()
    }

    fn profile(claim: &str, value: &Value) -> StaffProfile {
        match caller(json!({ "sub": "ada", "role": "staff", claim: value })) {
            Caller::Staff { profile, .. } => profile,
            other => panic!("{other:?}"),
        }
    }

    fn teams(value: &Value) -> Vec<String> {
        profile("teams", value).teams.iter().map(|team| team.as_str().to_owned()).collect()
    }

    #[test]
    fn staff_have_the_profile_of_their_token() {
        let claims = json!({
            "sub": "ada", "role": "staff", "teams": ["payments", "appeals-2"], "lead": true,
            "bot": true, "capacity": 5
        });
        let Caller::Staff { profile, .. } = caller(claims) else { panic!("not staff") };
        assert_eq!(profile.teams.len(), 2);
        assert_eq!((profile.is_lead, profile.is_bot, profile.capacity), (true, true, Some(5)));
        assert_eq!(teams(&json!(["payments", "appeals-2"])), ["payments", "appeals-2"]);
        let plain = json!({ "sub": "ada", "role": "staff" });
        let Caller::Staff { profile, .. } = caller(plain) else { panic!("not staff") };
        assert_eq!(profile, StaffProfile::default());
    }

    #[test]
    fn invalid_claims_of_staff_are_ignored() {
        for value in [json!(null), json!("payments"), json!(7), json!({ "a": "payments" })] {
            assert!(teams(&value).is_empty(), "{value}");
        }
        let long = "a".repeat(41);
        assert_eq!(teams(&json!(["A", "a b", "", long, 7, null, "ok", "ok"])), ["ok"]);
        assert_eq!(teams(&json!(["a".repeat(40)])), ["a".repeat(40)]);
        let many: Vec<_> = (0..30).map(|number| format!("team-{number}")).collect();
        assert_eq!(teams(&json!(many)), many[..20]);
        for value in [json!(null), json!("true"), json!(1), json!([true])] {
            assert!(!profile("lead", &value).is_lead && !profile("bot", &value).is_bot, "{value}");
        }
        for value in [json!(null), json!("5"), json!(-1), json!(5.5), json!(70_000), json!([5])] {
            assert_eq!(profile("capacity", &value).capacity, None, "{value}");
        }
    }

    #[test]
    fn players_have_no_profile() {
        let claims = json!({ "sub": "p1", "role": "player", "teams": ["payments"], "lead": true });
        let player = Caller::Player { id: "p1".to_owned().try_into().unwrap(), name: None };
        assert_eq!(caller(claims), player);
    }
}
