//! Which session a message belongs to.
//!
//! A conversation's resolutions cut its time into stretches. All messages of one stretch are one
//! session, which ends with the stretch. So a session follows from *when* events were accepted and
//! never from the order in which they arrive here: a late message joins the session that was open
//! when it was accepted, and a late resolution ends that session there and leaves the messages
//! after it to the next one.
//!
//! **Only a player's message opens a session after a resolution.** Staff's messages in a stretch
//! that come before the player's first belong to the preceding session, if there is one, and leave
//! it resolved.
//!
//! **A change that names what its author saw has no effect on any other session.** It is compared
//! with the session that is open when the change is first written. A resolution loses its effect
//! when a message of the player, whose `seq` its author had not seen, is found to belong to the
//! session that it resolved, as long as that session is the conversation's latest: the session is
//! open again.
//!
//! **Staff reopens a session** by a change to active that names it, if it is the conversation's
//! latest and resolved when the change is first written. The resolutions from its end until the
//! change lose their effect.
//!
//! Nothing here uses the database. A [`Timeline`] takes what is stored, then the events of a batch
//! in the order in which they were accepted, and returns what to store.

mod change;
mod needs;
mod session;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chat::{Message, Name, PlayerId, RequestedStatus, SenderType, SessionState, StatusChange};
use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use change::Ineffective;
use change::names_what_was_seen;
pub use needs::{Need, NewEvents};
use session::Boundary;
pub use session::{PlacedMessage, Session};

/// The part of a conversation that a batch may change.
#[derive(Clone, Debug)]
pub struct Timeline {
    player_id: PlayerId,
    player_name: Option<Name>,
    /// The effective resolutions, by time.
    resolutions: BTreeMap<DateTime<Utc>, Vec<StatusChange>>,
    /// The effective changes to active, by time and id.
    activations: BTreeMap<(DateTime<Utc>, Uuid), StatusChange>,
    /// Boxed, since a node of the map has room for eleven of them, and most conversations have one.
    sessions: BTreeMap<Boundary, Box<Session>>,
    moves: BTreeMap<Uuid, Uuid>,
    ineffective: Vec<Ineffective>,
    undone: Vec<Uuid>,
    reopenings: Vec<Uuid>,
    /// Whether the messages of the batch are kept, since a change may depend on them.
    keeps_messages: bool,
}

/// The result of a [`Timeline`]: what to store of the conversation.
#[derive(Debug)]
pub struct Finalized {
    /// The sessions, oldest first; the open one is last.
    pub sessions: Vec<Session>,
    /// The messages that move, each with its new session.
    pub moves: BTreeMap<Uuid, Uuid>,
    /// New changes without an effect, and resolutions that lost theirs.
    pub ineffective: Vec<Ineffective>,
    /// The resolutions that a reopening took back.
    pub undone: Vec<Uuid>,
    /// The changes to active that reopened a session.
    pub reopenings: Vec<Uuid>,
    /// The known changes to active that have an effect, by time and id.
    pub activations: Vec<StatusChange>,
}

impl Timeline {
    /// A timeline of one player's conversation. `player_name` is the latest stored name. `changes`
    /// are the stored, effective changes since the earliest event of the batch.
    pub fn new(
        player_id: PlayerId,
        player_name: Option<Name>,
        changes: impl IntoIterator<Item = StatusChange>,
    ) -> Self {
        let mut timeline = Self {
            player_id,
            player_name,
            resolutions: BTreeMap::new(),
            activations: BTreeMap::new(),
            sessions: BTreeMap::new(),
            moves: BTreeMap::new(),
            ineffective: Vec::new(),
            undone: Vec::new(),
            reopenings: Vec::new(),
            keeps_messages: false,
        };
        for change in changes {
            timeline.keeps_messages = true;
            timeline.record(change);
        }
        timeline
    }

    /// Adds a stored session. [`Self::needs`] names the sessions whose messages must be added too.
    pub fn add(&mut self, state: SessionState) {
        // A session that was resolved before the batch keeps its end.
        let end = state.resolved_at.map_or(Boundary::Open, Boundary::ResolvedAt);
        self.sessions.insert(end, Box::new(Session::from_row(state)));
    }

    /// Adds the needed messages of a stored session.
    pub fn add_messages(&mut self, session_id: Uuid, messages: Vec<PlacedMessage>) {
        let found = self.sessions.values_mut().find(|session| session.state.id == session_id);
        if let Some(session) = found {
            session.messages = messages;
        }
    }

    /// Adds stored changes from before the batch. Of the resolutions it keeps those since the
    /// latest session was resolved.
    pub fn add_changes(&mut self, changes: impl IntoIterator<Item = StatusChange>) {
        let latest = self.sessions.last_key_value().map(|(end, _)| *end);
        let concerns = |change: &StatusChange| match (change.status, latest) {
            (RequestedStatus::Active, _) => true,
            (RequestedStatus::Resolved, Some(Boundary::ResolvedAt(at))) => change.accepted_at >= at,
            (RequestedStatus::Resolved, _) => false,
        };
        changes.into_iter().filter(concerns).for_each(|change| self.record(change));
    }

    /// Announces that the batch has changes of this conversation. Called before its first event.
    pub fn expect_changes(&mut self) {
        self.keeps_messages = true;
    }

    /// Adds a new message with its `seq` to its session, which is opened when it does not exist,
    /// and returns the session's id. The caller orders events by time; at one time the player's
    /// messages come first, then staff's, then the changes.
    pub fn place(&mut self, message: &Message, seq: i64) -> Uuid {
        let (at, sender_type) = (message.accepted_at, message.sender_type);
        let from_player = sender_type == SenderType::Player;
        let name = message.player_name.as_ref().filter(|_| from_player);
        let stretch = self.end(at);
        let end = self.session_for(at, sender_type, stretch, name);
        let player_name = self.player_name.as_ref();
        let session = self.sessions.entry(end).or_insert_with(|| {
            Session::opened(&self.player_id, name.or(player_name).cloned(), at).into()
        });
        // A late message must not restore an older name.
        if let Some(name) = name
            && (at >= session.state.last_message_at || session.state.player_name.is_none())
        {
            session.state.player_name = Some(name.clone());
        }
        session.include(at, sender_type, end);
        let session_id = session.state.id;
        if self.keeps_messages {
            let id = message.message_id;
            session.messages.push(PlacedMessage { id, accepted_at: at, sender_type, seq });
            if from_player {
                self.reopen_unless_seen(end);
            }
        }
        session_id
    }

    /// Applies a new change. It `is_outdated` if by its time the player had written messages to the
    /// stored open session that its author had not seen.
    pub fn apply(&mut self, change: StatusChange, is_outdated: bool) {
        if let Some(resolved_at) = self.reopened_by(&change) {
            self.reopen(resolved_at, change);
            return;
        }
        if names_what_was_seen(&change) && (is_outdated || !self.admits(&change)) {
            let (change_id, session_id) = (change.change_id, change.session_id);
            self.ineffective.push(Ineffective { change_id, session_id });
            return;
        }
        let at = change.accepted_at;
        let is_resolution = change.status == RequestedStatus::Resolved;
        let stretch = self.end(at);
        self.record(change);
        if is_resolution {
            self.cut(stretch, at);
        }
    }

    /// Returns what to store.
    pub fn finalize(self) -> Finalized {
        let (resolutions, activations) = (self.resolutions, self.activations);
        let finalize = |(end, session): (Boundary, Box<Session>)| match end {
            Boundary::ResolvedAt(at) => {
                let changes = resolutions.get(&at).map(Vec::as_slice).unwrap_or_default();
                let last = changes.iter().max_by_key(|change| change.change_id);
                session.finalized(end, false, last)
            }
            Boundary::Open => {
                let since = (session.state.opened_at, Uuid::nil());
                let last = activations.range(since..).next_back().map(|(_, change)| change);
                session.finalized(end, last.is_some(), last)
            }
        };
        let sessions = self.sessions.into_iter().map(finalize).collect();
        Finalized {
            sessions,
            moves: self.moves,
            ineffective: self.ineffective,
            undone: self.undone,
            reopenings: self.reopenings,
            activations: activations.into_values().collect(),
        }
    }

    /// The end of the stretch that contains `at`.
    fn end(&self, at: DateTime<Utc>) -> Boundary {
        match self.resolutions.range(at..).next() {
            Some((resolution, _)) => Boundary::ResolvedAt(*resolution),
            None => Boundary::Open,
        }
    }

    fn record(&mut self, change: StatusChange) {
        let at = change.accepted_at;
        match change.status {
            RequestedStatus::Resolved => {
                let changes = self.resolutions.entry(at).or_default();
                if changes.iter().all(|known| known.change_id != change.change_id) {
                    changes.push(change);
                }
            }
            RequestedStatus::Active => {
                drop(self.activations.insert((at, change.change_id), change))
            }
        }
    }

    /// The end of the session to which a message belongs that was accepted at `at`, in the stretch
    /// that ends at `stretch`. A player's message that opens that session, or begins it earlier,
    /// takes staff's messages after it from the preceding session.
    fn session_for(
        &mut self,
        at: DateTime<Utc>,
        sender_type: SenderType,
        stretch: Boundary,
        name: Option<&Name>,
    ) -> Boundary {
        let opened_at = self.sessions.get(&stretch).map(|session| session.state.opened_at);
        if opened_at.is_some_and(|opened_at| at >= opened_at) {
            return stretch;
        }
        let Some((&preceding, _)) = self.sessions.range(..stretch).next_back() else {
            if opened_at.is_none() {
                self.open_before_the_first(at, stretch, name);
            }
            return stretch;
        };
        if sender_type == SenderType::Staff {
            return preceding;
        }
        let later = self.sessions.get_mut(&preceding).map(|session| session.split_off(at));
        let later = later.unwrap_or_default();
        if !later.is_empty() {
            self.move_to(stretch, at, name, later);
        }
        stretch
    }

    /// Opens a session before the conversation's first one. If that one begins with staff's
    /// messages, these move to the new session.
    fn open_before_the_first(&mut self, at: DateTime<Utc>, stretch: Boundary, name: Option<&Name>) {
        let Some((&following, first)) = self.sessions.iter_mut().next() else { return };
        match first.first_player_message(None) {
            Some(from) => {
                let kept = first.split_off(from);
                let earlier = std::mem::replace(&mut first.messages, kept);
                if !earlier.is_empty() {
                    first.recount(following);
                    self.move_to(stretch, at, name, earlier);
                }
            }
            // All of it moves: it is the same session, which begins and ends earlier.
            None if !first.messages.is_empty() => {
                if let Some(mut session) = self.sessions.remove(&following) {
                    session.state.opened_at = at;
                    session.state.last_message_at = at;
                    self.sessions.insert(stretch, session);
                }
            }
            None => {}
        }
    }

    /// Moves messages to the session that ends at `end`, which is opened at `at` when it does not
    /// exist.
    fn move_to(
        &mut self,
        end: Boundary,
        at: DateTime<Utc>,
        name: Option<&Name>,
        messages: Vec<PlacedMessage>,
    ) {
        let known = name.or(self.player_name.as_ref());
        let session = self
            .sessions
            .entry(end)
            .or_insert_with(|| Session::opened(&self.player_id, known.cloned(), at).into());
        for message in &messages {
            session.include(message.accepted_at, message.sender_type, end);
            self.moves.insert(message.id, session.state.id);
        }
        session.messages.extend(messages);
    }

    /// When the conversation's latest session was resolved, if `change` reopens it.
    fn reopened_by(&self, change: &StatusChange) -> Option<DateTime<Utc>> {
        let (end, session) = self.sessions.last_key_value()?;
        let Boundary::ResolvedAt(at) = *end else { return None };
        let names_it = change.session_id == Some(session.state.id);
        let reopens = change.status == RequestedStatus::Active && at < change.accepted_at;
        (names_it && reopens).then_some(at)
    }

    /// Reopens the latest session, which was resolved at `resolved_at`.
    fn reopen(&mut self, resolved_at: DateTime<Utc>, change: StatusChange) {
        let since = self.resolutions.range(resolved_at..=change.accepted_at);
        let times: Vec<_> = since.map(|(at, _)| *at).collect();
        for at in times {
            let undone = self.resolutions.remove(&at).unwrap_or_default();
            self.undone.extend(undone.into_iter().map(|resolution| resolution.change_id));
        }
        let next = self.end(resolved_at);
        if let Some(mut session) = self.sessions.remove(&Boundary::ResolvedAt(resolved_at)) {
            session.recount(next);
            self.sessions.insert(next, session);
        }
        self.reopenings.push(change.change_id);
        self.record(change);
    }

    /// Whether a change that names what its author saw has an effect. It has one only on the open
    /// session, if that was open when the change was accepted and its author had seen all that the
    /// player had written by then.
    fn admits(&self, change: &StatusChange) -> bool {
        let Some(session) = self.sessions.get(&Boundary::Open) else { return false };
        self.end(change.accepted_at) == Boundary::Open
            && session.state.opened_at <= change.accepted_at
            && change.session_id.is_none_or(|id| id == session.state.id)
            && session.was_seen_by(change)
    }

    /// Ends, at `at`, the session of the stretch that ended at `stretch`. The player's first
    /// message after `at`, and all messages after that one, become a session of their own.
    fn cut(&mut self, stretch: Boundary, at: DateTime<Utc>) {
        let end = Boundary::ResolvedAt(at);
        if end == stretch
            || self.sessions.get(&stretch).is_none_or(|session| session.state.opened_at > at)
        {
            return;
        }
        let Some(mut session) = self.sessions.remove(&stretch) else { return };
        if session.state.last_message_at > at {
            let rest =
                session.first_player_message(Some(at)).map(|from| (from, session.split_off(from)));
            session.recount(end);
            let name = session.state.player_name.clone();
            self.sessions.insert(end, session);
            if let Some((from, rest)) = rest {
                self.move_to(stretch, from, name.as_ref(), rest);
                self.reopen_unless_seen(stretch);
            }
        } else {
            self.sessions.insert(end, session);
        }
    }

    /// Makes those resolutions of the conversation's latest session ineffective whose authors had
    /// not seen all that the player wrote in it. When none is left, the session lasts until the
    /// next resolution.
    fn reopen_unless_seen(&mut self, mut end: Boundary) {
        while let Boundary::ResolvedAt(at) = end {
            let Some((&latest, session)) = self.sessions.last_key_value() else { return };
            let Some(changes) = self.resolutions.get_mut(&at) else { return };
            if latest != end {
                return;
            }
            let session_id = session.state.id;
            let lost = changes.extract_if(.., |change| !session.was_seen_by(change));
            let lost = lost.map(|change| Ineffective {
                change_id: change.change_id,
                session_id: Some(session_id),
            });
            self.ineffective.extend(lost);
            if !changes.is_empty() {
                return;
            }
            self.resolutions.remove(&at);
            let next = self.end(at);
            if let Some(mut session) = self.sessions.remove(&end) {
                session.recount(next);
                self.sessions.insert(next, session);
            }
            end = next;
        }
    }
}
