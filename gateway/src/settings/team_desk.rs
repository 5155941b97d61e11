use chat::{StaffNames, Tag, Team};
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};

use super::Switch;
use crate::team_desk::TeamDesk;

/// The settings of the desk that a team of staff shares.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Team desk")]
pub struct TeamDeskSettings {
    /// Whether staff assign sessions, write notes, tag, prioritize, and share canned replies. Enable
    /// it once every worker is of a release that has this setting
    #[arg(long, env = "TEAM_DESK", value_enum, default_value = "off")]
    pub team_desk: Switch,

    /// The teams of staff, which are also the topics that players choose
    #[arg(long, env = "STAFF_TEAMS", value_name = "TEAM[,TEAM…]", value_delimiter = ',', value_parser = team)]
    pub staff_teams: Vec<Team>,

    /// The tags that staff may add to a session; any when empty
    #[arg(long, env = "STAFF_TAGS", value_name = "TAG[,TAG…]", value_delimiter = ',', value_parser = tag)]
    pub staff_tags: Vec<Tag>,

    /// Whether staff read only the conversations of the teams in their token, and those of no team.
    /// Leads read all
    #[arg(long, env = "TEAMS_STRICT", value_enum, default_value = "off")]
    pub teams_strict: Switch,

    /// Whether players learn the name of the member of the staff who has their session. Give the
    /// broadcaster the same value
    #[arg(long, env = "STAFF_NAMES", default_value = "hidden", value_parser = staff_names())]
    pub staff_names: StaffNames,
}

impl TeamDeskSettings {
    /// The desk; `None` when it is off.
    pub fn parse(self) -> Option<TeamDesk> {
        (self.team_desk == Switch::On).then_some(TeamDesk {
            teams: self.staff_teams,
            tags: self.staff_tags,
            teams_are_strict: self.teams_strict == Switch::On,
            staff_names: self.staff_names,
        })
    }
}

fn team(name: &str) -> Result<Team, String> {
    Team::try_from(name.to_owned()).map_err(|error| error.to_string())
}

fn tag(name: &str) -> Result<Tag, String> {
    Tag::try_from(name.to_owned()).map_err(|error| error.to_string())
}

fn staff_names() -> impl TypedValueParser<Value = StaffNames> {
    PossibleValuesParser::new(["shown", "hidden"]).map(|name| match name.as_str() {
        "shown" => StaffNames::Shown,
        _ => StaffNames::Hidden,
    })
}
