use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::stored::{Stored, StoredAssignment, StoredMessage};

/// The number of messages in a wrong session, or in a session whose row does not follow from its
/// messages and status changes.
///
/// An implementation of the rule that shares nothing with the persister's: the resolutions of a
/// conversation divide its time into intervals, and each interval is a session. Staff messages
/// before the player's first message of an interval belong to the session before, if there is one.
pub(super) fn misplaced(stored: &Stored) -> u64 {
    stored.messages.iter().map(|(player, messages)| misplaced_of(player, messages, stored)).sum()
}

/// The time of the resolution that ends an interval; none for the last interval.
type End = Option<DateTime<Utc>>;

fn misplaced_of(player: &str, messages: &[StoredMessage], stored: &Stored) -> u64 {
    let changes = stored.changes.get(player).map(Vec::as_slice).unwrap_or_default();
    let times = |resolves: bool| {
        let these =
            changes.iter().filter(move |change| change.effective && change.resolves == resolves);
        these.map(|change| change.accepted_at).collect::<BTreeSet<_>>()
    };
    let (resolutions, assignments) = (times(true), times(false));

    let mut intervals = BTreeMap::<End, Vec<&StoredMessage>>::new();
    for message in messages {
        let end = resolutions.range(message.accepted_at..).next().copied();
        intervals.entry(end).or_default().push(message);
    }
    let mut intervals: Vec<_> = intervals.into_iter().collect();
    intervals.sort_by_key(|(end, _)| (end.is_none(), *end));
    let assigned = stored.assignments.get(player).map(Vec::as_slice).unwrap_or_default();
    let (mut used, mut misplaced) = (HashSet::new(), 0);
    let mut before = None;
    for (end, mut messages) in intervals {
        if let Some(before) = before {
            let by_player = messages.iter().filter(|message| !message.by_staff);
            let first = by_player.map(|message| message.accepted_at).min();
            let late_answers = messages
                .extract_if(.., |message| first.is_none_or(|first| message.accepted_at < first));
            misplaced += late_answers.filter(|message| message.session != before).count() as u64;
        }
        let Some(first) = messages.first() else { continue };
        before = Some(first.session);
        let sessions: HashSet<Uuid> = messages.iter().map(|message| message.session).collect();
        let is_one = sessions.len() == 1 && sessions.iter().all(|id| used.insert(*id));
        let is_right = sessions
            .iter()
            .all(|id| matches_row(*id, end, &messages, &assignments, assigned, stored));
        if !(is_one && is_right) {
            misplaced += messages.len() as u64;
        }
    }
    misplaced
}

/// Whether the session's row follows from its messages and status changes.
fn matches_row(
    id: Uuid,
    end: End,
    messages: &[&StoredMessage],
    assignments: &BTreeSet<DateTime<Utc>>,
    assigned: &[StoredAssignment],
    stored: &Stored,
) -> bool {
    let Some(session) = stored.sessions.get(&id) else { return false };
    let opened_at = messages.iter().map(|message| message.accepted_at).min();
    let last_message_at = messages.iter().map(|message| message.accepted_at).max();
    let assignee = assignee(opened_at, end, assigned);
    let answered = messages.iter().any(|message| message.by_staff)
        || assignee.is_some()
        || opened_at.is_some_and(|opened_at| assignments.range(opened_at..).next().is_some());
    let status = match end {
        Some(_) => "resolved",
        None if answered => "active",
        None => "pending",
    };
    session.status == status
        && session.resolved_at == end
        && Some(session.opened_at) == opened_at
        && Some(session.last_message_at) == last_message_at
        && session.assignee.as_deref() == assignee
}

/// The member of the staff who has a session: the first to claim it since it was put back.
fn assignee(opened_at: End, end: End, assigned: &[StoredAssignment]) -> Option<&str> {
    let in_session = assigned.iter().filter(|assignment| {
        opened_at.is_some_and(|opened_at| assignment.accepted_at >= opened_at)
            && end.is_none_or(|end| assignment.accepted_at <= end)
    });
    in_session.fold(None, |assignee, assignment| match &assignment.claimant {
        Some(claimant) => assignee.or(Some(claimant)),
        None => None,
    })
}
