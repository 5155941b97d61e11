use chat::{Priority, SenderId, Tag};
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::AstPass,
    sql_types::{Array, Text},
};

/// Which open sessions the inbox has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboxFilters {
    /// Who has the session; `None` for any member of the staff and none.
    pub assignee: Option<AssigneeFilter>,
    /// The names of the teams, one of which the session belongs to; any and none when empty.
    pub teams: Vec<String>,
    /// This tag among others.
    pub tag: Option<Tag>,
    /// One of these priorities; any when empty.
    pub priorities: Vec<Priority>,
    /// The names of the teams whose conversations the caller may read, besides those of no team; `None`
    /// for all.
    pub readable_teams: Option<Vec<String>>,
}

/// Who has a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssigneeFilter {
    /// No member of the staff.
    None,
    /// This member of the staff.
    Member(SenderId),
}

impl InboxFilters {
    /// Whether they choose every session.
    pub fn is_empty(&self) -> bool {
        self.readable_teams.is_none() && !self.choose_open_sessions()
    }

    /// Whether they choose by what only open sessions are found by.
    pub fn choose_open_sessions(&self) -> bool {
        let Self { assignee, teams, tag, priorities, .. } = self;
        assignee.is_some() || !teams.is_empty() || tag.is_some() || !priorities.is_empty()
    }

    /// Whether the caller may read a conversation whose latest session belongs to `team`.
    pub fn can_read(&self, team: Option<&str>) -> bool {
        match (&self.readable_teams, team) {
            (Some(readable), Some(team)) => readable.iter().any(|name| name == team),
            (None, _) | (_, None) => true,
        }
    }

    /// The conditions on `of_session`.
    pub(super) fn walk<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match &self.assignee {
            Some(AssigneeFilter::None) => out.push_sql(" AND of_session.assignee_id IS NULL"),
            Some(AssigneeFilter::Member(id)) => {
                out.push_sql(" AND of_session.assignee_id = ");
                out.push_bind_param::<Text, _>(id.as_str())?;
            }
            None => {}
        }
        if !self.teams.is_empty() {
            out.push_sql(" AND of_session.team = ANY (");
            out.push_bind_param::<Array<Text>, _>(&self.teams)?;
            out.push_sql(")");
        }
        if let Some(tag) = &self.tag {
            out.push_sql(" AND of_session.tags <> '{}' AND of_session.tags @> ARRAY[");
            out.push_bind_param::<Text, _>(tag.as_str())?;
            out.push_sql("]");
        }
        if !self.priorities.is_empty() {
            let numbers = self.priorities.iter().map(|priority| priority.number().to_string());
            let numbers = numbers.collect::<Vec<_>>().join(", ");
            out.push_sql(" AND of_session.priority IN (");
            out.push_sql(&numbers);
            out.push_sql(")");
        }
        if let Some(readable) = &self.readable_teams {
            out.push_sql(" AND (of_session.team IS NULL OR of_session.team = ANY (");
            out.push_bind_param::<Array<Text>, _>(readable)?;
            out.push_sql("))");
        }
        Ok(())
    }
}
