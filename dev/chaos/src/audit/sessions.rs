use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::stored::{Stored, StoredMessage};

/// How many messages are not in the session in which they belong, or are in one whose row is not
/// what follows from its messages and from what staff asked for.
///
/// The rule, said once more and in other words than the persister's: the resolutions of a
/// conversation cut its time, and what lies between two of them is one session. What staff write in
/// such a stretch before the player does belongs to the session before it, if there is one.
pub(super) fn misplaced(stored: &Stored) -> u64 {
    stored.messages.iter().map(|(player, messages)| misplaced_of(player, messages, stored)).sum()
}

/// The resolution that ends the session of what was accepted at some time, if there is one.
type End = Option<DateTime<Utc>>;

fn misplaced_of(player: &str, messages: &[StoredMessage], stored: &Stored) -> u64 {
    let changes = stored.changes.get(player).map(Vec::as_slice).unwrap_or_default();
    let times = |resolves: bool| {
        let these = changes.iter().filter(move |it| it.effective && it.resolves == resolves);
        these.map(|it| it.accepted_at).collect::<BTreeSet<_>>()
    };
    let (resolutions, takings) = (times(true), times(false));

    let mut stretches = BTreeMap::<End, Vec<&StoredMessage>>::new();
    for message in messages {
        let end = resolutions.range(message.accepted_at..).next().copied();
        stretches.entry(end).or_default().push(message);
    }
    let mut stretches: Vec<_> = stretches.into_iter().collect();
    stretches.sort_by_key(|(end, _)| (end.is_none(), *end));
    let (mut used, mut misplaced) = (HashSet::new(), 0);
    let mut before = None;
    for (end, mut messages) in stretches {
        if let Some(before) = before {
            let by_player = messages.iter().filter(|message| !message.by_staff);
            let first = by_player.map(|message| message.accepted_at).min();
            let goodbyes = messages
                .extract_if(.., |message| first.is_none_or(|first| message.accepted_at < first));
            misplaced += goodbyes.filter(|message| message.session != before).count() as u64;
        }
        let Some(first) = messages.first() else { continue };
        before = Some(first.session);
        let sessions: HashSet<Uuid> = messages.iter().map(|it| it.session).collect();
        let whole = sessions.len() == 1 && sessions.iter().all(|id| used.insert(*id));
        let right = sessions.iter().all(|id| is_right(*id, end, &messages, &takings, stored));
        if !(whole && right) {
            misplaced += messages.len() as u64;
        }
    }
    misplaced
}

/// Whether the session's row says what it must.
fn is_right(
    id: Uuid,
    end: End,
    messages: &[&StoredMessage],
    takings: &BTreeSet<DateTime<Utc>>,
    stored: &Stored,
) -> bool {
    let Some(session) = stored.sessions.get(&id) else { return false };
    let opened_at = messages.iter().map(|it| it.accepted_at).min();
    let last_message_at = messages.iter().map(|it| it.accepted_at).max();
    let answered = messages.iter().any(|it| it.by_staff)
        || opened_at.is_some_and(|opened_at| takings.range(opened_at..).next().is_some());
    let status = match end {
        Some(_) => "resolved",
        None if answered => "active",
        None => "pending",
    };
    session.status == status
        && session.resolved_at == end
        && Some(session.opened_at) == opened_at
        && Some(session.last_message_at) == last_message_at
}
