use std::ops::Bound;

use chat::{Message, RequestedStatus, SenderType, StatusChange};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Boundary, Session, Timeline, change::names_what_was_seen};

/// What must be known of the messages of a stored session, before the events of a batch are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// All of them: the session may be cut in two, or opened again.
    All,
    /// Those that staff wrote after it was resolved: they may belong to the next session.
    AfterResolution,
}

/// The new events of one conversation in a batch.
#[derive(Clone, Copy, Debug)]
pub struct NewEvents<'a> {
    /// The messages.
    pub messages: &'a [&'a Message],
    /// The changes.
    pub changes: &'a [&'a StatusChange],
    /// When the last stored message of the conversation was accepted.
    pub last_message_at: Option<DateTime<Utc>>,
}

/// A change to active names it, and it is resolved or is being resolved.
fn may_be_reopened(end: Boundary, session: &Session, new: NewEvents<'_>) -> bool {
    let named = |change: &&&StatusChange| change.session_id == Some(session.state.id);
    let mut changes = new.changes.iter().filter(named);
    let is_resolved = end != Boundary::Open
        || new.changes.iter().any(|change| change.status == RequestedStatus::Resolved);
    is_resolved && changes.any(|change| change.status == RequestedStatus::Active)
}

impl Timeline {
    /// The stored sessions whose messages are needed, none in all usual cases, each with the time from
    /// which on they are.
    pub fn needs(&self, new: NewEvents<'_>) -> Vec<(Uuid, DateTime<Utc>, Need)> {
        let need = |(end, session): (&Boundary, &Session)| {
            let all = self.may_be_cut(*end, session, new)
                || may_be_reopened(*end, session, new)
                || self.may_be_opened_again(*end, new)
                || self.may_begin_later(*end, session, new);
            let (since, need) = match end {
                _ if all => (session.state.opened_at, Need::All),
                Boundary::ResolvedAt(at) if self.may_lose_what_staff_wrote(*at, session, new) => {
                    (*at, Need::AfterResolution)
                }
                _ => return None,
            };
            Some((session.state.id, since, need))
        };
        self.sessions.iter().filter_map(need).collect()
    }

    /// A resolution between its messages, new ones included.
    fn may_be_cut(&self, end: Boundary, session: &Session, new: NewEvents<'_>) -> bool {
        if new.changes.is_empty() {
            return false;
        }
        let state = &session.state;
        let times = new.messages.iter().map(|message| message.accepted_at);
        let first = times.filter(|at| self.end(*at) == end).min();
        let opened_at = first.map_or(state.opened_at, |first| first.min(state.opened_at));
        new.changes.iter().any(|change| {
            let concerns = !names_what_was_seen(change)
                || end == Boundary::Open && change.session_id.is_none_or(|id| id == state.id);
            concerns
                && change.status == RequestedStatus::Resolved
                && (opened_at..state.last_message_at).contains(&change.accepted_at)
        })
    }

    /// It is the latest, every resolution of it names a `seq`, and the player wrote to it before.
    fn may_be_opened_again(&self, end: Boundary, new: NewEvents<'_>) -> bool {
        let Boundary::ResolvedAt(at) = end else { return false };
        self.sessions.keys().next_back() == Some(&end)
            && self
                .resolutions
                .get(&at)
                .is_some_and(|changes| changes.iter().all(|change| change.last_seq.is_some()))
            && new.messages.iter().any(|message| {
                message.sender_type == SenderType::Player && self.end(message.accepted_at) == end
            })
    }

    /// It is the first, and there is a message of an earlier stretch: what staff began it with belongs
    /// to that one's session.
    fn may_begin_later(&self, end: Boundary, session: &Session, new: NewEvents<'_>) -> bool {
        let opened_at = session.state.opened_at;
        let resolved_between = |at: DateTime<Utc>| {
            let mut changes = new.changes.iter();
            self.resolutions.range(at..opened_at).next().is_some()
                || changes.any(|change| (at..opened_at).contains(&change.accepted_at))
        };
        self.sessions.keys().next() == Some(&end)
            && new.messages.iter().any(|message| {
                message.accepted_at < opened_at && resolved_between(message.accepted_at)
            })
    }

    /// The player wrote after it was resolved at `resolved_at`, or before that by the batch, before the
    /// next session begins, and not last in the conversation.
    fn may_lose_what_staff_wrote(
        &self,
        resolved_at: DateTime<Utc>,
        session: &Session,
        new: NewEvents<'_>,
    ) -> bool {
        let earlier = new.changes.iter().filter(|change| {
            !names_what_was_seen(change)
                && change.status == RequestedStatus::Resolved
                && change.accepted_at >= session.state.opened_at
        });
        let earlier = earlier.map(|change| change.accepted_at).min();
        let ends_at = earlier.map_or(resolved_at, |earlier| earlier.min(resolved_at));
        let after = (Bound::Excluded(Boundary::ResolvedAt(resolved_at)), Bound::Unbounded);
        let following = self.sessions.range(after).next();
        let next_opened_at = following.map(|(_, session)| session.state.opened_at);
        new.messages.iter().any(|message| {
            let at = message.accepted_at;
            message.sender_type == SenderType::Player
                && at > ends_at
                && new.last_message_at.is_some_and(|last| last >= at)
                && next_opened_at.is_none_or(|opened_at| at < opened_at)
        })
    }
}
