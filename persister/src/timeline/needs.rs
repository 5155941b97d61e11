use std::ops::Bound;

use chat::{Message, RequestedStatus, SenderType, StatusChange};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Boundary, Session, Timeline, change::names_what_was_seen};

/// Which messages of a stored session must be read before the events of a batch are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// All: the session may be cut in two, or reopened.
    All,
    /// Staff's messages after the resolution: they may belong to the next session.
    AfterResolution,
}

/// The new events of one conversation in a batch.
#[derive(Clone, Copy, Debug)]
pub struct NewEvents<'a> {
    /// The new messages.
    pub messages: &'a [&'a Message],
    /// The new status changes.
    pub changes: &'a [&'a StatusChange],
    /// When the last stored message of the conversation was accepted.
    pub last_message_at: Option<DateTime<Utc>>,
}

/// Whether a change to active names the session, and it is resolved or the batch may resolve it.
fn may_be_reopened(end: Boundary, session: &Session, new: NewEvents<'_>) -> bool {
    let named = |change: &&&StatusChange| change.session_id == Some(session.state.id);
    let mut changes = new.changes.iter().filter(named);
    let is_resolved = end != Boundary::Open
        || new.changes.iter().any(|change| change.status == RequestedStatus::Resolved);
    is_resolved && changes.any(|change| change.status == RequestedStatus::Active)
}

impl Timeline {
    /// The stored sessions whose messages are needed, each with the time of the first message that
    /// is. Most batches need none.
    pub fn needs(&self, new: NewEvents<'_>) -> Vec<(Uuid, DateTime<Utc>, Need)> {
        let need = |(end, session): (&Boundary, &Session)| {
            let all = self.may_be_cut(*end, session, new)
                || may_be_reopened(*end, session, new)
                || self.may_be_open_again(*end, new)
                || self.may_begin_later(*end, session, new);
            let (since, need) = match end {
                _ if all => (session.state.opened_at, Need::All),
                Boundary::ResolvedAt(at) if self.may_lose_staff_messages(*at, session, new) => {
                    (*at, Need::AfterResolution)
                }
                _ => return None,
            };
            Some((session.state.id, since, need))
        };
        self.sessions
            .iter()
            .map(|(end, session)| (end, session.as_ref()))
            .filter_map(need)
            .collect()
    }

    /// Whether a new resolution falls between the session's messages, new ones included.
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

    /// Whether the session is the latest, each of its resolutions names a `seq`, and a new message
    /// of the player belongs to it.
    fn may_be_open_again(&self, end: Boundary, new: NewEvents<'_>) -> bool {
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

    /// Whether the session is the first, and a new message falls into an earlier stretch: staff's
    /// messages at the beginning of the session then belong to the new one.
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

    /// Whether the batch has a message of the player that was accepted after the session's end,
    /// which is `resolved_at` or an earlier resolution of the batch, but before the next session
    /// and before the conversation's last message.
    fn may_lose_staff_messages(
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
