use chat::{
    Language, Name, PlayerId, SenderType, SessionState, SessionStatus, StaffFacts, StatusChange,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The end of a stretch of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Boundary {
    ResolvedAt(DateTime<Utc>),
    Open,
}

impl Boundary {
    /// Whether `at` is not after the end.
    fn includes(self, at: DateTime<Utc>) -> bool {
        match self {
            Self::ResolvedAt(end) => at <= end,
            Self::Open => true,
        }
    }
}

/// The parts of a message on which its session depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacedMessage {
    /// The message's id.
    pub id: Uuid,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
    /// Whether the player or staff sent it.
    pub sender_type: SenderType,
    /// Its `seq` in the conversation.
    pub seq: i64,
}

impl PlacedMessage {
    fn is_from_player(&self) -> bool {
        self.sender_type == SenderType::Player
    }
}

/// A session: the state to store, and the stored one.
#[derive(Clone, Debug)]
pub struct Session {
    /// The state to store.
    pub state: SessionState,
    /// Boxed, since sessions are moved more often than it is read.
    stored: Option<Box<SessionState>>,
    answered: bool,
    /// The known messages: those that a change may move or depends on.
    pub(super) messages: Vec<PlacedMessage>,
}

impl Session {
    /// The stored state, if the session has a row.
    pub fn stored(&self) -> Option<&SessionState> {
        self.stored.as_deref()
    }

    /// Whether the session has no row yet.
    pub fn is_new(&self) -> bool {
        self.stored.is_none()
    }

    /// Whether the session's row must be written. An open session's last message is read from its
    /// conversation's row.
    pub fn is_changed(&self) -> bool {
        let Some(stored) = &self.stored else { return true };
        let times = |state: &SessionState| {
            let last_message_at = state.resolved_at.map(|_| state.last_message_at);
            (state.opened_at, last_message_at)
        };
        self.is_update()
            || times(stored) != times(&self.state)
            || stored.player_name != self.state.player_name
    }

    /// Whether the session must be announced: it was opened, assigned, resolved or reopened. A
    /// further message is announced by its own event.
    pub fn is_update(&self) -> bool {
        let Some(stored) = &self.stored else { return true };
        (stored.status, stored.resolved_at) != (self.state.status, self.state.resolved_at)
            || stored.staff != self.state.staff
    }

    pub(super) fn from_row(state: SessionState) -> Self {
        Self {
            answered: state.status == SessionStatus::Active,
            stored: Some(Box::new(state.clone())),
            state,
            messages: Vec::new(),
        }
    }

    pub(super) fn opened(
        player_id: &PlayerId,
        player_name: Option<Name>,
        at: DateTime<Utc>,
    ) -> Self {
        let state = SessionState {
            id: Uuid::now_v7(),
            player_id: player_id.clone(),
            player_name,
            status: SessionStatus::Pending,
            opened_at: at,
            last_message_at: at,
            resolved_at: None,
            version: 0,
            staff: StaffFacts::default(),
        };
        Self { state, stored: None, answered: false, messages: Vec::new() }
    }

    /// Includes a message in the session, which ends at `end`. Staff's messages after the end do
    /// not change its times.
    pub(super) fn include(&mut self, at: DateTime<Utc>, sender: SenderType, end: Boundary) {
        if end.includes(at) {
            self.state.opened_at = self.state.opened_at.min(at);
            self.state.last_message_at = self.state.last_message_at.max(at);
        }
        self.answered |= sender == SenderType::Staff;
    }

    /// Removes and returns the known messages that were accepted at `from` or later.
    pub(super) fn split_off(&mut self, from: DateTime<Utc>) -> Vec<PlacedMessage> {
        self.messages.extract_if(.., |message| message.accepted_at >= from).collect()
    }

    /// Computes the session's times, and whether staff answered, from its known messages until
    /// `end`.
    pub(super) fn recount(&mut self, end: Boundary) {
        let times = self.messages.iter().map(|message| message.accepted_at);
        let times = times.filter(|at| end.includes(*at));
        // Archived messages are unknown: without any message the stored time stays.
        self.state.opened_at = times.clone().min().unwrap_or(self.state.opened_at);
        self.state.last_message_at = times.max().unwrap_or(self.state.opened_at);
        self.answered = self.messages.iter().any(|message| !message.is_from_player());
    }

    /// When the player's first known message after `after` was accepted.
    pub(super) fn first_player_message(
        &self,
        after: Option<DateTime<Utc>>,
    ) -> Option<DateTime<Utc>> {
        let of_player = self.messages.iter().filter(|message| message.is_from_player());
        let times = of_player.map(|message| message.accepted_at);
        times.filter(|at| after.is_none_or(|after| *at > after)).min()
    }

    /// Whether the author of `change` saw each known message that the player wrote to this session
    /// until the change was accepted. A change that names a `seq` covers all messages up to it, in
    /// whichever session they are; one that names only a session covers that session.
    pub(super) fn was_seen_by(&self, change: &StatusChange) -> bool {
        match change.last_seq {
            Some(last_seq) => !self.messages.iter().any(|message| {
                message.is_from_player()
                    && message.seq > last_seq
                    && message.accepted_at <= change.accepted_at
            }),
            None => change.session_id.is_none_or(|id| id == self.state.id),
        }
    }

    /// The session to store. It ends at `end`, and `last_change` is the last known
    /// change that had an effect on it.
    pub(super) fn finalized(
        mut self,
        end: Boundary,
        is_assigned: bool,
        last_change: Option<&StatusChange>,
    ) -> Self {
        (self.state.status, self.state.resolved_at) = match end {
            Boundary::ResolvedAt(at) => (SessionStatus::Resolved, Some(at)),
            Boundary::Open
                if self.answered || is_assigned || self.state.staff.assignee_id.is_some() =>
            {
                (SessionStatus::Active, None)
            }
            Boundary::Open => (SessionStatus::Pending, None),
        };
        let was_resolved = self.stored.as_ref().is_some_and(|stored| stored.resolved_at.is_some());
        match last_change {
            Some(change) => {
                self.state.staff.actor_id.clone_from(&change.actor_id);
                self.state.staff.actor_name.clone_from(&change.actor_name);
            }
            None if end == Boundary::Open && was_resolved => {
                (self.state.staff.actor_id, self.state.staff.actor_name) = (None, None);
            }
            None => {}
        }
        self.count_version();
        self
    }

    /// Sets what staff keeps about the session, which is active, while it is open, if `is_active`.
    pub fn set_staff_facts(&mut self, facts: StaffFacts, is_active: bool) {
        self.state.staff = facts;
        if self.state.resolved_at.is_none() {
            self.state.status =
                if is_active { SessionStatus::Active } else { SessionStatus::Pending };
        }
        self.count_version();
    }

    /// Sets the player's language.
    pub fn set_language(&mut self, language: Option<Language>) {
        self.state.staff.language = language;
        self.count_version();
    }

    /// Whether what staff keeps about the session, or its language, changed.
    pub fn are_facts_changed(&self) -> bool {
        fn kept(facts: &StaffFacts) -> impl PartialEq {
            let assignee = (&facts.assignee_id, &facts.assignee_name, facts.assigned_at);
            (assignee, &facts.team, &facts.tags, facts.priority, &facts.language)
        }
        match &self.stored {
            Some(stored) => kept(&stored.staff) != kept(&self.state.staff),
            None => kept(&StaffFacts::default()) != kept(&self.state.staff),
        }
    }

    fn count_version(&mut self) {
        let stored = self.stored.as_ref().map_or(0, |stored| stored.version);
        self.state.version = stored + i64::from(self.is_changed());
    }
}
