use chat::{Tag, Team};
use serde::Deserialize;
use utoipa::ToSchema;

/// The name of a team of staff: 1 to 40 lower-case letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(
    as = Team,
    value_type = String,
    min_length = 1,
    max_length = 40,
    pattern = "^[a-z0-9-]+$",
    examples("payments")
)]
pub struct NewTeam(Team);

impl From<NewTeam> for Team {
    fn from(team: NewTeam) -> Self {
        team.0
    }
}

/// A tag, or the shortcut of a canned reply: 1 to 40 lower-case letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(
    as = Tag,
    value_type = String,
    min_length = 1,
    max_length = 40,
    pattern = "^[a-z0-9-]+$",
    examples("refund")
)]
pub struct NewTag(Tag);

impl From<NewTag> for Tag {
    fn from(tag: NewTag) -> Self {
        tag.0
    }
}
