//! Which session a message belongs to.
//!
//! A conversation's resolutions cut its time into stretches, and all messages of one stretch are
//! one session, which ends with the stretch. So a session follows from *when* things were accepted
//! and never from the order in which they arrive here: a late message finds the session that was
//! open when it was accepted, and a late resolution ends that session there and leaves what was
//! said after it to the next one.
//!
//! **Only a player's message opens a session after a resolution.** What staff writes in a stretch
//! before the player does belongs to the session before, if there is one, and leaves it resolved.
//!
//! **A change that names what its author saw has no effect on anything else.** It is held against
//! the session that is open when the change is first written. A resolution loses its effect when a
//! message of the player, whose `seq` its author had not seen, turns out to be in the session that
//! it resolved, as long as that is the conversation's latest: the session is open again.
//!
//! **Staff reopens a session** by a change to active that names it, if it is the conversation's latest and
//! resolved when the change is first written. The resolutions since its end, until the change, lose their
//! effect.
//!
//! Nothing here touches the database. A [`Timeline`] takes what is stored, then the events of a batch in
//! the order in which they were accepted, and gives what is to be stored.

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

/// What is known of one conversation, as far as a batch can touch it.
#[derive(Clone, Debug)]
pub struct Timeline {
    player_id: PlayerId,
    player_name: Option<Name>,
    /// Those that have an effect.
    resolutions: BTreeMap<DateTime<Utc>, Vec<StatusChange>>,
    /// Those that have an effect.
    assignments: BTreeMap<(DateTime<Utc>, Uuid), StatusChange>,
    sessions: BTreeMap<Boundary, Session>,
    moves: BTreeMap<Uuid, Uuid>,
    ineffective: Vec<Ineffective>,
    undone: Vec<Uuid>,
    /// Whether a change may depend on the messages of the batch.
    keeps_messages: bool,
}

/// What is to be stored of a conversation.
#[derive(Debug)]
pub struct Finalized {
    /// The sessions, the oldest first and the open one last.
    pub sessions: Vec<Session>,
    /// The messages that move, each to which session.
    pub moves: BTreeMap<Uuid, Uuid>,
    /// The changes that have no effect: new ones, and stored ones that lost it.
    pub ineffective: Vec<Ineffective>,
    /// The resolutions that staff took back by opening their session again.
    pub undone: Vec<Uuid>,
}

impl Timeline {
    /// The timeline of one player, called `player_name` as far as is known, with the stored `changes`
    /// that have an effect: every one since the earliest event of the batch.
    pub fn new(
        player_id: PlayerId,
        player_name: Option<Name>,
        changes: impl IntoIterator<Item = StatusChange>,
    ) -> Self {
        let mut timeline = Self {
            player_id,
            player_name,
            resolutions: BTreeMap::new(),
            assignments: BTreeMap::new(),
            sessions: BTreeMap::new(),
            moves: BTreeMap::new(),
            ineffective: Vec::new(),
            undone: Vec::new(),
            keeps_messages: false,
        };
        for change in changes {
            timeline.keeps_messages = true;
            timeline.record(change);
        }
        timeline
    }

    /// Adds a stored session. Some of its messages may have to be added as well: see [`Self::needs`].
    pub fn add(&mut self, state: SessionState) {
        // One that was resolved before the batch began has no other end.
        let end = state.resolved_at.map_or(Boundary::Open, Boundary::ResolvedAt);
        self.sessions.insert(end, Session::stored(state));
    }

    /// Adds the messages of a stored session that are needed.
    pub fn add_messages(&mut self, session_id: Uuid, messages: Vec<PlacedMessage>) {
        let found = self.sessions.values_mut().find(|session| session.state.id == session_id);
        if let Some(session) = found {
            session.messages = messages;
        }
    }

    /// Adds stored changes of before the batch: those that took a session, and the resolutions since the
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

    /// Says that the batch has changes of this conversation, before its first event.
    pub fn expect_changes(&mut self) {
        self.keeps_messages = true;
    }

    /// Puts a new message with its `seq` into its session, which is opened when there is none. Of the
    /// events of one time the player's messages come first, then staff's, then the changes.
    pub fn place(&mut self, message: &Message, seq: i64) -> Uuid {
        let (at, sender_type) = (message.accepted_at, message.sender_type);
        let from_player = sender_type == SenderType::Player;
        let name = message.player_name.as_ref().filter(|_| from_player);
        let stretch = self.end(at);
        let end = self.session_for(at, sender_type, stretch, name);
        let player_name = self.player_name.as_ref();
        let session = self
            .sessions
            .entry(end)
            .or_insert_with(|| Session::opened(&self.player_id, name.or(player_name).cloned(), at));
        // An older message must not bring an older name back.
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

    /// Applies a new change. `is_outdated` says that the player had written more to the stored open
    /// session, by the time of the change, than its author saw.
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

    /// What is to be stored.
    pub fn finalize(self) -> Finalized {
        let (resolutions, assignments) = (self.resolutions, self.assignments);
        let finalize = |(end, session): (Boundary, Session)| match end {
            Boundary::ResolvedAt(at) => {
                let changes = resolutions.get(&at).map(Vec::as_slice).unwrap_or_default();
                let last = changes.iter().max_by_key(|change| change.change_id);
                session.finalized(end, false, last)
            }
            Boundary::Open => {
                let since = (session.state.opened_at, Uuid::nil());
                let last = assignments.range(since..).next_back().map(|(_, change)| change);
                session.finalized(end, last.is_some(), last)
            }
        };
        let sessions = self.sessions.into_iter().map(finalize).collect();
        Finalized {
            sessions,
            moves: self.moves,
            ineffective: self.ineffective,
            undone: self.undone,
        }
    }

    /// Where the stretch ends in which something was accepted at `at`.
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
                drop(self.assignments.insert((at, change.change_id), change))
            }
        }
    }

    /// The end of the session of a message that was accepted at `at`, in the stretch that ends at
    /// `stretch`. Where it opens or lengthens that session, what staff wrote belongs to it that comes
    /// after.
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
        let taken = self.sessions.get_mut(&preceding).map(|session| session.take_from(at));
        let taken = taken.unwrap_or_default();
        if !taken.is_empty() {
            self.give(stretch, at, name, taken);
        }
        stretch
    }

    /// Opens the conversation's first session. What is known to be the first until now may begin with
    /// what staff wrote, which belongs to the new one then.
    fn open_before_the_first(&mut self, at: DateTime<Utc>, stretch: Boundary, name: Option<&Name>) {
        let Some((&following, first)) = self.sessions.iter_mut().next() else { return };
        match first.first_of_player(None) {
            Some(from) => {
                let kept = first.take_from(from);
                let given = std::mem::replace(&mut first.messages, kept);
                if !given.is_empty() {
                    first.recount(following);
                    self.give(stretch, at, name, given);
                }
            }
            // All of it: it is the same session, which begins and ends earlier.
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

    /// Moves messages to the session that ends at `end`, which is opened at `at` when there is none.
    fn give(
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
            .or_insert_with(|| Session::opened(&self.player_id, known.cloned(), at));
        for message in &messages {
            session.include(message.accepted_at, message.sender_type, end);
            self.moves.insert(message.id, session.state.id);
        }
        session.messages.extend(messages);
    }

    /// When the conversation's latest session was resolved, if `change` opens that session again.
    fn reopened_by(&self, change: &StatusChange) -> Option<DateTime<Utc>> {
        let (end, session) = self.sessions.last_key_value()?;
        let Boundary::ResolvedAt(at) = *end else { return None };
        let names_it = change.session_id == Some(session.state.id);
        let reopens = change.status == RequestedStatus::Active && at < change.accepted_at;
        (names_it && reopens).then_some(at)
    }

    /// Opens the latest session again, which was resolved at `resolved_at`.
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
        self.record(change);
    }

    /// Whether a change that names what its author saw has an effect: on the open session alone, if it
    /// was open then and its author saw what the player had written by then.
    fn admits(&self, change: &StatusChange) -> bool {
        let Some(session) = self.sessions.get(&Boundary::Open) else { return false };
        self.end(change.accepted_at) == Boundary::Open
            && session.state.opened_at <= change.accepted_at
            && change.session_id.is_none_or(|id| id == session.state.id)
            && session.was_seen_by(change)
    }

    /// Ends, at `at`, the session of the stretch that ended at `stretch`. What the player wrote after
    /// it, and all after that, is a session of its own.
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
                session.first_of_player(Some(at)).map(|from| (from, session.take_from(from)));
            session.recount(end);
            let name = session.state.player_name.clone();
            self.sessions.insert(end, session);
            if let Some((from, rest)) = rest {
                self.give(stretch, from, name.as_ref(), rest);
                self.reopen_unless_seen(stretch);
            }
        } else {
            self.sessions.insert(end, session);
        }
    }

    /// Takes their effect from the resolutions of the conversation's latest session whose authors had
    /// not seen all that the player wrote in it. Without any it is open until the next one.
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
