//! Which session a message belongs to.
//!
//! A conversation's resolutions cut its time into stretches, and all messages of one stretch are
//! one session, which ends with the stretch. So a session follows from *when* things were accepted
//! and never from the order in which they arrive here: a late message finds the session that was
//! open when it was accepted, and a late resolution ends that session there and leaves what was
//! said after it to the next one.
//!
//! Nothing here touches the database. A [`Timeline`] is told what is stored, then what is new, and
//! says what is to be stored.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use chrono::{DateTime, Utc};
use shared::chat::{
    Message, Name, PlayerId, RequestedStatus, SenderType, SessionState, SessionStatus, StaffFacts,
};
use uuid::Uuid;

/// A point in time, to the microsecond.
pub type Time = DateTime<Utc>;

/// What is known of one conversation, as far as a batch can touch it.
#[derive(Clone, Debug)]
pub struct Timeline {
    player_id: PlayerId,
    player_name: Option<Name>,
    resolutions: BTreeSet<Time>,
    takings: BTreeSet<Time>,
    sessions: BTreeMap<End, Session>,
}

/// Where a stretch of a conversation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    ResolvedAt(Time),
    Open,
}

/// One session: as it is to be stored, and as it was.
#[derive(Clone, Debug)]
pub struct Session {
    /// What is to be stored.
    pub state: SessionState,
    stored: Option<SessionState>,
    answered: bool,
}

/// A message as it is stored, as far as its session depends on it.
#[derive(Clone, Copy, Debug)]
pub struct StoredMessage {
    /// Its id.
    pub id: Uuid,
    /// When it was accepted.
    pub accepted_at: Time,
    /// Who of the two sent it.
    pub sender_type: SenderType,
}

/// A stored message that belongs to another session than it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Which message.
    pub message_id: Uuid,
    /// The session that it belongs to now.
    pub session_id: Uuid,
}

impl Timeline {
    /// The timeline of one player, called `player_name` as far as is known, with the `changes` of
    /// status that were asked for: every one, stored or new, since the earliest event of the batch.
    pub fn new(
        player_id: PlayerId,
        player_name: Option<Name>,
        changes: impl IntoIterator<Item = (RequestedStatus, Time)>,
    ) -> Self {
        let (mut resolutions, mut takings) = (BTreeSet::new(), BTreeSet::new());
        for (status, at) in changes {
            match status {
                RequestedStatus::Resolved => resolutions.insert(at),
                RequestedStatus::Active => takings.insert(at),
            };
        }
        Self { player_id, player_name, resolutions, takings, sessions: BTreeMap::new() }
    }

    /// Whether a resolution cuts the stored session `state` in two, so that its messages must be
    /// known to place it.
    pub fn cuts(&self, state: &SessionState) -> bool {
        self.end(state.opened_at) != self.end(state.last_message_at)
    }

    /// Adds a stored session that no resolution cuts.
    pub fn add(&mut self, state: SessionState) {
        let session = Session {
            answered: state.status == SessionStatus::Active,
            stored: Some(state.clone()),
            state,
        };
        self.sessions.insert(self.end(session.state.last_message_at), session);
    }

    /// Adds a stored session that is cut, with all of its messages. It keeps the oldest of them;
    /// the others move to sessions of their own.
    pub fn add_cut(&mut self, state: SessionState, messages: &[StoredMessage]) -> Vec<Move> {
        let mut ordered = messages.to_vec();
        ordered.sort_by_key(|it| (it.accepted_at, it.id));
        let mut moves = Vec::new();
        let mut stored = Some(state);
        for message in ordered {
            let end = self.end(message.accepted_at);
            let session = match self.sessions.entry(end) {
                Entry::Occupied(found) => found.into_mut(),
                Entry::Vacant(place) => place.insert(match stored.take() {
                    Some(state) => Session::holding_on(state, message.accepted_at),
                    None => Session::opened(
                        &self.player_id,
                        self.player_name.clone(),
                        message.accepted_at,
                    ),
                }),
            };
            session.take_in(message.accepted_at, message.sender_type);
            if session.stored.is_none() {
                let session_id = session.state.id;
                moves.push(Move { message_id: message.id, session_id });
            }
        }
        moves
    }

    /// Puts a new message into its session, which is opened when there is none.
    pub fn place(&mut self, message: &Message) -> Uuid {
        let at = message.accepted_at;
        let end = self.end(at);
        let name = message.player_name.as_ref();
        let known_name = name.or(self.player_name.as_ref()).cloned();
        let session = self
            .sessions
            .entry(end)
            .or_insert_with(|| Session::opened(&self.player_id, known_name, at));
        // An older message must not bring an older name back.
        if name.is_some() && at >= session.state.last_message_at {
            session.state.player_name = name.cloned();
        }
        session.take_in(at, message.sender_type);
        session.state.id
    }

    /// The sessions as they are to be stored, the oldest first and the open one last.
    pub fn into_sessions(self) -> Vec<Session> {
        let takings = self.takings;
        let settle = |(end, session): (End, Session)| {
            let taken = takings.range(session.state.opened_at..).next().is_some();
            session.settled(end, taken)
        };
        self.sessions.into_iter().map(settle).collect()
    }

    fn end(&self, at: Time) -> End {
        match self.resolutions.range(at..).next() {
            Some(resolution) => End::ResolvedAt(*resolution),
            None => End::Open,
        }
    }
}

impl Session {
    /// Whether its row must be written. That an open session got another message, its conversation's
    /// row says.
    pub fn is_changed(&self) -> bool {
        let row = |it: &SessionState| {
            let last_message_at = it.resolved_at.map(|_| it.last_message_at);
            (it.player_name.clone(), it.status, it.opened_at, last_message_at, it.resolved_at)
        };
        self.stored.as_ref().map(row) != Some(row(&self.state))
    }

    /// Whether clients must be told: it was opened, taken or resolved. That it got another message,
    /// the message itself tells them.
    pub fn is_news(&self) -> bool {
        let told = |state: &SessionState| (state.status, state.resolved_at);
        self.stored.as_ref().map(told) != Some(told(&self.state))
    }

    fn opened(player_id: &PlayerId, player_name: Option<Name>, at: Time) -> Self {
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
        Self { state, stored: None, answered: false }
    }

    /// The stored session again, but with the message accepted at `at` as its only one so far.
    fn holding_on(stored: SessionState, at: Time) -> Self {
        let state = SessionState { opened_at: at, last_message_at: at, ..stored.clone() };
        Self { state, stored: Some(stored), answered: false }
    }

    fn take_in(&mut self, at: Time, sender: SenderType) {
        self.state.opened_at = self.state.opened_at.min(at);
        self.state.last_message_at = self.state.last_message_at.max(at);
        self.answered |= sender == SenderType::Staff;
    }

    fn settled(mut self, end: End, taken: bool) -> Self {
        (self.state.status, self.state.resolved_at) = match end {
            End::ResolvedAt(at) => (SessionStatus::Resolved, Some(at)),
            End::Open if self.answered || taken => (SessionStatus::Active, None),
            End::Open => (SessionStatus::Pending, None),
        };
        if self.is_changed() {
            self.state.version += 1;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn player() -> PlayerId {
        "p1".to_owned().try_into().unwrap()
    }

    fn message(seconds: i64, sender_type: SenderType) -> Message {
        Message {
            message_id: Uuid::now_v7(),
            player_id: player(),
            player_name: None,
            sender_type,
            sender_id: None,
            sender_name: None,
            content: "hello".to_owned().try_into().unwrap(),
            accepted_at: at(seconds),
            socket_id: None,
            traceparent: None,
        }
    }

    fn timeline(changes: &[(RequestedStatus, i64)]) -> Timeline {
        let changes = changes.iter().map(|(status, seconds)| (*status, at(*seconds)));
        Timeline::new(player(), None, changes)
    }

    fn settled(timeline: Timeline) -> Vec<SessionState> {
        timeline.into_sessions().into_iter().map(|it| it.state).collect()
    }

    #[test]
    fn a_first_message_opens_a_pending_session_and_staff_makes_it_active() {
        let mut timeline = timeline(&[]);
        let session = timeline.place(&message(1, SenderType::Player));
        assert_eq!(timeline.clone().into_sessions()[0].state.status, SessionStatus::Pending);
        assert_eq!(timeline.place(&message(2, SenderType::Staff)), session);
        assert_eq!(settled(timeline)[0].status, SessionStatus::Active);
    }

    #[test]
    fn a_message_accepted_before_the_resolution_belongs_to_the_resolved_session() {
        let mut timeline = timeline(&[(RequestedStatus::Resolved, 5)]);
        let later = timeline.place(&message(6, SenderType::Player));
        let earlier = timeline.place(&message(5, SenderType::Player));
        assert_ne!(earlier, later);
        let sessions = settled(timeline);
        assert_eq!((sessions[0].id, sessions[0].resolved_at), (earlier, Some(at(5))));
        assert_eq!((sessions[1].id, sessions[1].status), (later, SessionStatus::Pending));
    }

    #[test]
    fn a_late_resolution_leaves_what_was_said_after_it_to_the_next_session() {
        let mut before = timeline(&[]);
        before.place(&message(1, SenderType::Player));
        before.place(&message(9, SenderType::Player));
        let stored = settled(before).remove(0);
        let messages = [1, 9].map(|seconds| StoredMessage {
            id: Uuid::now_v7(),
            accepted_at: at(seconds),
            sender_type: SenderType::Player,
        });

        let mut after = timeline(&[(RequestedStatus::Resolved, 5)]);
        assert!(after.cuts(&stored));
        let moves = after.add_cut(stored.clone(), &messages);
        let sessions = settled(after);
        assert_eq!(sessions[0].id, stored.id);
        assert_eq!(sessions[0].last_message_at, at(1));
        assert_eq!(sessions[0].resolved_at, Some(at(5)));
        assert_eq!(sessions[1].status, SessionStatus::Pending);
        assert_eq!((sessions[1].opened_at, sessions[1].resolved_at), (at(9), None));
        let moved = Move { message_id: messages[1].id, session_id: sessions[1].id };
        assert_eq!(moves, [moved]);
    }

    #[test]
    fn taking_makes_a_session_active_only_if_it_was_open_then() {
        let mut before = timeline(&[(RequestedStatus::Active, 1)]);
        before.place(&message(2, SenderType::Player));
        assert_eq!(settled(before.clone())[0].status, SessionStatus::Pending);
        before.place(&message(1, SenderType::Player));
        assert_eq!(settled(before)[0].status, SessionStatus::Active);
    }

    #[test]
    fn only_an_opening_a_taking_and_a_resolution_are_news() {
        let mut first = timeline(&[]);
        first.place(&message(1, SenderType::Player));
        let opened = first.into_sessions().remove(0);
        assert!(opened.is_news());

        let mut second = timeline(&[]);
        second.add(opened.state.clone());
        second.place(&message(2, SenderType::Player));
        let grown = second.into_sessions().remove(0);
        assert!(!grown.is_changed() && !grown.is_news());
        assert_eq!(grown.state.version, opened.state.version);

        let mut third = timeline(&[(RequestedStatus::Resolved, 3)]);
        third.add(grown.state);
        let resolved = third.into_sessions().remove(0);
        assert!(resolved.is_news());

        let mut fourth = timeline(&[(RequestedStatus::Resolved, 5)]);
        fourth.add(SessionState { resolved_at: Some(at(5)), ..resolved.state });
        fourth.place(&message(4, SenderType::Player));
        let grown = fourth.into_sessions().remove(0);
        assert!(grown.is_changed() && !grown.is_news());
    }

    #[test]
    fn a_late_message_does_not_bring_an_old_name_back() {
        let named = |seconds, name: &str| Message {
            player_name: Some(name.to_owned().try_into().unwrap()),
            ..message(seconds, SenderType::Player)
        };
        let mut timeline = timeline(&[]);
        timeline.place(&named(2, "new"));
        timeline.place(&named(1, "old"));
        assert_eq!(settled(timeline)[0].player_name.as_ref().unwrap().as_str(), "new");
    }
}
