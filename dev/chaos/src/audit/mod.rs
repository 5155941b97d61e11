//! Compares the answers that the clients received with the rows and the broadcasts.

mod sessions;
mod stored;

use std::collections::HashSet;

use uuid::Uuid;

pub use stored::Stored;

use crate::{
    load::{Entries, Entry},
    pusher::{Broadcasts, STAFF_CHANNEL, player_channel},
};

/// The result of an audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Requests that are persisted.
    pub persisted: u64,
    /// Requests that were accepted and are not persisted.
    pub lost: u64,
    /// Rows beyond the first of a request.
    pub duplicated: u64,
    /// Missing values of `seq` in a conversation.
    pub gaps: u64,
    /// Messages in a wrong session.
    pub misplaced: u64,
    /// Rows that no client sent, or whose content differs from the request.
    pub corrupted: u64,
    /// Missing broadcasts of accepted messages and of the last states of sessions.
    pub missing: u64,
    /// Broadcasts beyond the first of a message on a channel.
    pub repeated: u64,
    /// Events on a wrong channel.
    pub misrouted: u64,
}

/// Compares the requests with the rows and the broadcasts.
pub fn audit(entries: &Entries, stored: &Stored, broadcasts: &Broadcasts) -> Findings {
    let mut findings = Findings { misplaced: sessions::misplaced(stored), ..Findings::default() };
    findings.check_rows(entries, stored);
    findings.check_seq(stored);
    findings.check_messages(entries, broadcasts);
    findings.check_session_updates(stored, broadcasts);
    findings
}

impl Findings {
    /// Whether everything accepted is persisted and broadcast.
    pub fn is_complete(&self) -> bool {
        self.lost == 0 && self.missing == 0
    }

    fn check_rows(&mut self, entries: &Entries, stored: &Stored) {
        let mut present = HashSet::<Uuid>::new();
        let mut contents = HashSet::<&str>::new();
        for (player, messages) in &stored.messages {
            for message in messages {
                let sent = entries.requests.get(&message.id);
                let as_sent = sent.is_some_and(|sent| {
                    sent.player == *player && message.content == message.id.to_string()
                });
                self.corrupted += u64::from(!as_sent);
                self.duplicated += u64::from(!contents.insert(&message.content));
                present.insert(message.id);
            }
        }
        for (player, changes) in &stored.changes {
            for change in changes {
                let sent = entries.requests.get(&change.id);
                self.corrupted += u64::from(sent.is_none_or(|sent| sent.player != *player));
                present.insert(change.id);
            }
        }
        for (player, assignments) in &stored.assignments {
            for assignment in assignments {
                let sent = entries.requests.get(&assignment.id);
                self.corrupted += u64::from(sent.is_none_or(|sent| sent.player != *player));
                present.insert(assignment.id);
            }
        }
        self.persisted = present.len() as u64;
        let lost = |(id, entry): &(&Uuid, &Entry)| entry.accepted && !present.contains(*id);
        self.lost = entries.requests.iter().filter(lost).count() as u64;
    }

    fn check_seq(&mut self, stored: &Stored) {
        for (player, messages) in &stored.messages {
            let numbers: HashSet<i64> = messages.iter().map(|message| message.seq).collect();
            let last = stored.last_seq.get(player).copied().unwrap_or_default();
            let highest = numbers.iter().copied().max().unwrap_or_default().max(last);
            self.gaps += (1..=highest).filter(|seq| !numbers.contains(seq)).count() as u64;
            self.duplicated += (messages.len() - numbers.len()) as u64;
        }
    }

    fn check_messages(&mut self, entries: &Entries, broadcasts: &Broadcasts) {
        let accepted = entries.requests.iter().filter(|(_, entry)| entry.is_accepted_message());
        for (id, entry) in accepted {
            for channel in [STAFF_CHANNEL.to_owned(), player_channel(&entry.player)] {
                self.missing += u64::from(!broadcasts.messages.contains_key(&(*id, channel)));
            }
        }
        for ((id, channel), times) in &broadcasts.messages {
            let belongs = entries.requests.get(id).is_some_and(|entry| {
                channel == STAFF_CHANNEL || *channel == player_channel(&entry.player)
            });
            self.misrouted += u64::from(!belongs);
            self.repeated += times - 1;
        }
        self.misrouted += broadcasts.corrupted.len() as u64;
    }

    fn check_session_updates(&mut self, stored: &Stored, broadcasts: &Broadcasts) {
        for (id, session) in &stored.sessions {
            let for_staff = (STAFF_CHANNEL.to_owned(), session.assignee.as_ref());
            for (channel, assignee) in [for_staff, (player_channel(&session.player), None)] {
                let newest = broadcasts.sessions.get(&(*id, channel));
                let is_current = newest.is_some_and(|update| {
                    update.status == session.status
                        && update.resolved_at == session.resolved_at
                        && update.assignee_id.as_ref() == assignee
                });
                self.missing += u64::from(!is_current);
            }
        }
    }
}
