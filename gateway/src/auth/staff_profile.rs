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

/// The most characters of a team's name.
const MAX_TEAM_CHARACTERS: usize = 40;

/// The name of a team: 1 to 40 lower-case letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team(String);

impl Team {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns `None` when `name` is no name of a team.
    fn parse(name: &str) -> Option<Self> {
        let is_allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_team =
            (1..=MAX_TEAM_CHARACTERS).contains(&name.len()) && name.bytes().all(is_allowed);
        is_team.then(|| Self(name.to_owned()))
    }

    /// The teams in the value of a claim, each once. Other values and surplus teams are ignored.
    pub(super) fn all_in(claim: &Value) -> Vec<Self> {
        let mut teams = Vec::new();
        let names = claim.as_array().into_iter().flatten().filter_map(Value::as_str);
        for team in names.filter_map(Self::parse) {
            if teams.len() < MAX_TEAMS && !teams.contains(&team) {
                teams.push(team);
            }
        }
        teams
    }
}
