use chat::Team;
use serde_json::Value;

/// What a token says of a member of the staff besides the id and the name. The portal's identity
/// system is its only source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaffProfile {
    /// The member's teams, in the order of the token: at most 20.
    pub teams: Vec<Team>,
    /// Whether the member leads others.
    pub is_lead: bool,
    /// Whether the member is a program.
    pub is_bot: bool,
    /// How many open sessions the member takes at once; `None` for no limit of their own.
    pub capacity: Option<u16>,
}

/// The most teams of one member.
const MAX_TEAMS: usize = 20;

/// The teams in the value of a claim, each once. Other values and surplus teams are ignored.
pub(super) fn teams_in(claim: &Value) -> Vec<Team> {
    let mut teams = Vec::new();
    let names = claim.as_array().into_iter().flatten().filter_map(Value::as_str);
    for team in names.filter_map(|name| Team::try_from(name.to_owned()).ok()) {
        if teams.len() < MAX_TEAMS && !teams.contains(&team) {
            teams.push(team);
        }
    }
    teams
}
