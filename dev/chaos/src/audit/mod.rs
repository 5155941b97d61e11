//! Holds what the clients were told against what is persisted and what was broadcast.

mod sessions;
mod stored;

use std::collections::HashSet;

use uuid::Uuid;

pub use stored::Stored;

use crate::{
    load::Entries,
    pusher::{Heard, STAFF_CHANNEL, player_channel},
};

/// What became of the posts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Posts that are persisted.
    pub persisted: u64,
    /// Posts that were accepted and are not persisted.
    pub lost: u64,
    /// Rows beyond the first of one post.
    pub duplicated: u64,
    /// Numbers that a conversation's `seq` lacks.
    pub gaps: u64,
    /// Messages out of their session.
    pub misplaced: u64,
    /// Persisted rows that nobody sent, or that say something else than what was sent.
    pub corrupted: u64,
    /// Broadcasts of an accepted message or of a session's state that were never made.
    pub missing: u64,
    /// Broadcasts beyond the first of one message on one channel.
    pub repeated: u64,
    /// Events on a channel that they do not belong to.
    pub misrouted: u64,
}

/// What became of the posts, as far as can be seen now.
pub fn audit(entries: &Entries, stored: &Stored, heard: &Heard) -> Findings {
    let mut findings = Findings { misplaced: sessions::misplaced(stored), ..Findings::default() };
    findings.look_at_rows(entries, stored);
    findings.look_at_numbers(stored);
    findings.look_at_messages_heard(entries, heard);
    findings.look_at_sessions_heard(stored, heard);
    findings
}

impl Findings {
    /// Whether every accepted post is where it must be by now.
    pub fn is_complete(&self) -> bool {
        self.lost == 0 && self.missing == 0
    }

    fn look_at_rows(&mut self, entries: &Entries, stored: &Stored) {
        let mut present = HashSet::<Uuid>::new();
        let mut said = HashSet::<&str>::new();
        for (player, messages) in &stored.messages {
            for message in messages {
                let sent = entries.requests.get(&message.id);
                let as_sent = sent.is_some_and(|sent| {
                    sent.player == *player && message.content == message.id.to_string()
                });
                self.corrupted += u64::from(!as_sent);
                self.duplicated += u64::from(!said.insert(&message.content));
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
        self.persisted = present.len() as u64;
        let lost =
            |(id, entry): &(&Uuid, &crate::load::Entry)| entry.accepted && !present.contains(*id);
        self.lost = entries.requests.iter().filter(lost).count() as u64;
    }

    fn look_at_numbers(&mut self, stored: &Stored) {
        for (player, messages) in &stored.messages {
            let numbers: HashSet<i64> = messages.iter().map(|it| it.seq).collect();
            let last = stored.last_seq.get(player).copied().unwrap_or_default();
            let highest = numbers.iter().copied().max().unwrap_or_default().max(last);
            self.gaps += (1..=highest).filter(|seq| !numbers.contains(seq)).count() as u64;
            self.duplicated += (messages.len() - numbers.len()) as u64;
        }
    }

    fn look_at_messages_heard(&mut self, entries: &Entries, heard: &Heard) {
        let due = entries
            .requests
            .iter()
            .filter(|(_, entry)| entry.accepted && entry.action.is_message());
        for (id, entry) in due {
            for channel in [STAFF_CHANNEL.to_owned(), player_channel(&entry.player)] {
                self.missing += u64::from(!heard.messages.contains_key(&(*id, channel)));
            }
        }
        for ((id, channel), times) in &heard.messages {
            let belongs = entries.requests.get(id).is_some_and(|entry| {
                channel == STAFF_CHANNEL || *channel == player_channel(&entry.player)
            });
            self.misrouted += u64::from(!belongs);
            self.repeated += times - 1;
        }
        self.misrouted += heard.corrupted.len() as u64;
    }

    fn look_at_sessions_heard(&mut self, stored: &Stored, heard: &Heard) {
        for (id, session) in &stored.sessions {
            for channel in [STAFF_CHANNEL.to_owned(), player_channel(&session.player)] {
                let told = heard.sessions.get(&(*id, channel)).is_some_and(|news| {
                    news.status == session.status && news.resolved_at == session.resolved_at
                });
                self.missing += u64::from(!told);
            }
        }
    }
}
