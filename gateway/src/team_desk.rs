//! The desk that a team of staff shares: its teams, its tags, and who reads what.

use chat::{StaffNames, Tag, Team};

use crate::{auth::Caller, problem::Problem};

/// What the operator has set for the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamDesk {
    /// The teams, which are also the topics that players choose.
    pub teams: Vec<Team>,
    /// The tags that staff may add; any when empty.
    pub tags: Vec<Tag>,
    /// Whether staff read only the conversations of their teams.
    pub teams_are_strict: bool,
    /// Whether players learn the name of the member of the staff who has their session.
    pub staff_names: StaffNames,
}

impl TeamDesk {
    /// Checks that `team`, which the client names in `field`, exists.
    ///
    /// # Errors
    /// Lists the teams.
    pub fn check_team(&self, field: &str, team: &Team) -> Result<(), Problem> {
        if self.teams.contains(team) {
            return Ok(());
        }
        Err(Problem::invalid_field(field, unknown(self.teams.iter().map(Team::as_str))))
    }

    /// Checks that staff may add `tag`, which the client names in `field`.
    ///
    /// # Errors
    /// Lists the tags.
    pub fn check_tag(&self, field: &str, tag: &Tag) -> Result<(), Problem> {
        if self.tags.is_empty() || self.tags.contains(tag) {
            return Ok(());
        }
        Err(Problem::invalid_field(field, unknown(self.tags.iter().map(Tag::as_str))))
    }

    /// The teams whose conversations `caller` may read, besides those of no team; `None` for all.
    pub fn readable_teams<'a>(&self, caller: &'a Caller) -> Option<&'a [Team]> {
        caller.restricting_teams().filter(|_| self.teams_are_strict)
    }

    /// Checks that `caller` may read a conversation whose latest session belongs to `team`.
    ///
    /// # Errors
    /// When the caller is restricted to other teams.
    pub fn check_readable(&self, caller: &Caller, team: Option<&str>) -> Result<(), Problem> {
        let (Some(readable), Some(team)) = (self.readable_teams(caller), team) else {
            return Ok(());
        };
        if readable.iter().any(|readable| readable.as_str() == team) {
            return Ok(());
        }
        Err(Problem::Forbidden("only the team of this conversation may read it"))
    }
}

fn unknown<'a>(known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<_> = known.collect();
    match known.is_empty() {
        true => "is unknown: none are set".to_owned(),
        false => format!("is unknown; known are: {}", known.join(", ")),
    }
}
