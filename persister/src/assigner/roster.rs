//! Who gets which session, without a database.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeSet, HashMap, HashSet},
};

use chat::{Availability, Name, PlayerId, Priority, SenderId, Team};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    AssignSettings,
    queries::{OpenRow, StaffRow},
};
use crate::metrics::AssignedReason;

/// A member whose desk has sent nothing for longer gets no session. An open desk sends every 60
/// seconds.
const SEEN_WITHIN: TimeDelta = TimeDelta::seconds(150);

/// The members of the staff, and how many open sessions they have.
pub struct Roster {
    members: Vec<Member>,
}

/// A member of the staff.
pub struct Member {
    pub id: SenderId,
    pub name: Option<Name>,
    teams: HashSet<Team>,
    /// Gets new sessions.
    is_present: bool,
    /// Loses the sessions in which the player waits.
    is_gone: bool,
    capacity: u64,
    open: u64,
    last_assigned_at: Option<DateTime<Utc>>,
}

impl Member {
    fn new(row: StaffRow, settings: &AssignSettings) -> Option<Self> {
        let availability: Availability = row.status.parse().ok()?;
        let unseen_for = row.clock - row.seen_at;
        let is_gone = availability == Availability::Reassign || unseen_for > settings.gone_after();
        let capacity = row.capacity.and_then(|capacity| u64::try_from(capacity).ok());
        Some(Self {
            id: SenderId::try_from(row.id).ok()?,
            name: row.name.and_then(|name| Name::try_from(name).ok()),
            teams: row.teams.into_iter().filter_map(|team| Team::try_from(team).ok()).collect(),
            is_present: availability == Availability::Online
                && unseen_for <= SEEN_WITHIN
                && !is_gone,
            is_gone,
            capacity: capacity.unwrap_or(u64::from(settings.staff_capacity)),
            open: 0,
            last_assigned_at: row.last_assigned_at,
        })
    }

    fn free(&self) -> u64 {
        if self.is_present { self.capacity.saturating_sub(self.open) } else { 0 }
    }

    /// Whether the member may get a session of the team. Each member may get one of no team.
    fn is_of(&self, team: Option<&Team>) -> bool {
        team.is_none_or(|team| self.teams.contains(team))
    }

    /// The member who comes first gets the next session: the least busy, and of these the one who
    /// waited for the longest time. Both have a capacity.
    fn order(&self, other: &Self) -> Ordering {
        let (load, other_load) = (self.open * other.capacity, other.open * self.capacity);
        let waited = (self.last_assigned_at, &self.id);
        load.cmp(&other_load).then_with(|| waited.cmp(&(other.last_assigned_at, &other.id)))
    }
}

impl Roster {
    /// The members as stored; none of them has an open session yet.
    pub fn new(rows: Vec<StaffRow>, settings: &AssignSettings) -> Self {
        Self { members: rows.into_iter().filter_map(|row| Member::new(row, settings)).collect() }
    }

    /// Adds the open sessions.
    pub fn add_open(&mut self, rows: Vec<OpenRow>) {
        let open: HashMap<_, _> = rows.into_iter().map(|row| (row.assignee_id, row.open)).collect();
        for member in &mut self.members {
            let count = open.get(member.id.as_str()).copied().unwrap_or_default();
            member.open = u64::try_from(count).unwrap_or_default();
        }
    }

    /// The ids of all members.
    pub fn ids(&self) -> Vec<&str> {
        self.members.iter().map(|member| member.id.as_str()).collect()
    }

    /// The ids of the members who get new sessions.
    pub fn present(&self) -> Vec<&str> {
        let present = self.members.iter().filter(|member| member.is_present);
        present.map(|member| member.id.as_str()).collect()
    }

    /// The ids of the members who lose sessions.
    pub fn gone(&self) -> Vec<&str> {
        self.members
            .iter()
            .filter(|member| member.is_gone)
            .map(|member| member.id.as_str())
            .collect()
    }

    /// Whether a member is free.
    pub fn has_free(&self) -> bool {
        self.members.iter().any(|member| member.free() > 0)
    }

    /// The teams with free members, and no team if there is one.
    pub fn teams_with_free(&self) -> BTreeSet<Option<&Team>> {
        let free = self.members.iter().filter(|member| member.free() > 0);
        free.flat_map(|member| member.teams.iter().map(Some).chain([None])).collect()
    }

    /// How many sessions of the team its members can get.
    pub fn free(&self, team: Option<&Team>) -> i64 {
        let members = self.members.iter().filter(|member| member.is_of(team));
        i64::try_from(members.map(Member::free).sum::<u64>()).unwrap_or(i64::MAX)
    }

    /// The member who gets the session, and why.
    pub fn choose(&self, session: &WaitingSession) -> Option<(&Member, AssignedReason)> {
        let mut free: Vec<_> = self
            .members
            .iter()
            .filter(|member| member.free() > 0 && member.is_of(session.team.as_ref()))
            .collect();
        free.sort_by(|one, other| one.order(other));
        let former = free.iter().find(|member| Some(&member.id) == session.former.as_ref());
        match former {
            Some(member) => Some((member, AssignedReason::Sticky)),
            None => free.first().map(|member| (*member, AssignedReason::Auto)),
        }
    }

    /// Counts a session that the member got.
    pub fn assign(&mut self, id: &SenderId, at: DateTime<Utc>) {
        if let Some(member) = self.members.iter_mut().find(|member| member.id == *id) {
            member.open += 1;
            member.last_assigned_at = Some(at);
        }
    }
}

/// An open session without an assignee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingSession {
    pub player_id: PlayerId,
    pub id: Uuid,
    pub team: Option<Team>,
    pub priority: Priority,
    pub opened_at: DateTime<Utc>,
    /// The member who had the player's last session, if that is not long ago.
    pub former: Option<SenderId>,
}

impl WaitingSession {
    /// Its key.
    pub fn key(&self) -> (PlayerId, Uuid) {
        (self.player_id.clone(), self.id)
    }
}

/// Who had the last resolved session of a player.
#[derive(Debug)]
pub struct Former {
    pub player_id: PlayerId,
    pub assignee_id: SenderId,
    pub resolved_at: DateTime<Utc>,
}

/// Sessions without an assignee.
#[derive(Debug, Default)]
pub struct Pile(Vec<WaitingSession>);

impl Pile {
    pub fn extend(&mut self, sessions: impl IntoIterator<Item = WaitingSession>) {
        self.0.extend(sessions);
    }

    /// Their players.
    pub fn players(&self) -> Vec<PlayerId> {
        self.0.iter().map(|session| session.player_id.clone()).collect()
    }

    /// Adds who had the players' last sessions, if these were resolved within `sticky` before the
    /// new ones were opened.
    pub fn add_former(&mut self, former: Vec<Former>, sticky: TimeDelta) {
        let former: HashMap<_, _> =
            former.into_iter().map(|former| (former.player_id.clone(), former)).collect();
        for session in &mut self.0 {
            let former = former.get(&session.player_id);
            let recent = former.filter(|former| session.opened_at - former.resolved_at <= sticky);
            session.former = recent.map(|former| former.assignee_id.clone());
        }
    }

    /// The sessions, the most urgent first, and of these the oldest.
    pub fn into_sessions(self) -> Vec<WaitingSession> {
        let mut sessions = self.0;
        sessions.sort_by_key(|session| (Reverse(session.priority), session.opened_at, session.id));
        sessions
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::assigner::Switch;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn settings() -> AssignSettings {
        AssignSettings {
            auto_assign: Switch::On,
            sticky: Duration::from_secs(3_600),
            gone_after: Duration::from_secs(270),
            staff_capacity: 5,
        }
    }

    /// A member with a capacity, open sessions and the second of the last assignment.
    fn member(
        id: &str,
        capacity: i16,
        open: i64,
        last_assigned: Option<i64>,
    ) -> (StaffRow, OpenRow) {
        let row = StaffRow {
            id: id.to_owned(),
            name: None,
            teams: vec!["payments".to_owned()],
            capacity: Some(capacity),
            status: "online".to_owned(),
            seen_at: NOW,
            last_assigned_at: last_assigned.and_then(|at| DateTime::from_timestamp(at, 0)),
            clock: NOW,
        };
        (row, OpenRow { assignee_id: id.to_owned(), open })
    }

    fn roster(members: impl IntoIterator<Item = (StaffRow, OpenRow)>) -> Roster {
        let (rows, open) = members.into_iter().unzip();
        let mut roster = Roster::new(rows, &settings());
        roster.add_open(open);
        roster
    }

    fn session(former: Option<&str>) -> WaitingSession {
        WaitingSession {
            player_id: "p1".to_owned().try_into().unwrap(),
            id: Uuid::nil(),
            team: None,
            priority: Priority::Normal,
            opened_at: NOW,
            former: former.map(|id| id.to_owned().try_into().unwrap()),
        }
    }

    fn chosen(roster: &Roster, former: Option<&str>) -> Option<String> {
        let chosen = roster.choose(&session(former));
        chosen.map(|(member, _)| member.id.as_str().to_owned())
    }

    #[test]
    fn the_least_busy_member_is_chosen_then_the_one_who_waited_longest() {
        let busy = roster([member("ada", 2, 1, None), member("bea", 5, 2, None)]);
        assert_eq!(chosen(&busy, None).as_deref(), Some("bea"));
        let equal = [member("ada", 2, 1, Some(20)), member("bea", 4, 2, Some(10))];
        assert_eq!(chosen(&roster(equal), None).as_deref(), Some("bea"));
        let never = [member("ada", 5, 1, Some(1)), member("bea", 5, 1, None)];
        assert_eq!(chosen(&roster(never), None).as_deref(), Some("bea"));
    }

    #[test]
    fn a_former_assignee_is_chosen_only_while_free() {
        let free = [member("ada", 5, 0, None), member("bea", 5, 4, None)];
        assert_eq!(chosen(&roster(free), Some("bea")).as_deref(), Some("bea"));
        let full = [member("ada", 5, 0, None), member("bea", 5, 5, None)];
        assert_eq!(chosen(&roster(full), Some("bea")).as_deref(), Some("ada"));
        let none = [member("ada", 0, 0, None), member("bea", 5, 6, None)];
        assert_eq!(chosen(&roster(none), Some("bea")), None);
    }

    #[test]
    fn a_player_comes_back_only_within_the_time() {
        let former = |seconds| Former {
            player_id: "p1".to_owned().try_into().unwrap(),
            assignee_id: "bea".to_owned().try_into().unwrap(),
            resolved_at: NOW - TimeDelta::seconds(seconds),
        };
        for (seconds, is_former) in [(3_600, true), (3_601, false)] {
            let mut pile = Pile(vec![session(None)]);
            pile.add_former(vec![former(seconds)], settings().sticky());
            assert_eq!(pile.into_sessions()[0].former.is_some(), is_former);
        }
    }

    #[test]
    fn a_member_is_present_then_absent_then_gone() {
        for (unseen, status, is_free, is_gone) in [
            (150, "online", true, false),
            (151, "online", false, false),
            (271, "online", false, true),
            (0, "away", false, false),
            (0, "reassign", false, true),
        ] {
            let (row, open) = member("ada", 5, 0, None);
            let seen_at = NOW - TimeDelta::seconds(unseen);
            let row = StaffRow { seen_at, status: status.to_owned(), ..row };
            let roster = roster([(row, open)]);
            let found = (roster.has_free(), !roster.gone().is_empty());
            assert_eq!(found, (is_free, is_gone), "{unseen} {status}");
        }
    }
}
