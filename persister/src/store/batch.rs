use std::collections::HashSet;

use chat::{
    CannedReplyChange, ConversationRead, Message, Note, PlayerId, ReadMark, SessionChange,
    StaffAvailability, StatusChange, event::Event,
};
use chrono::{DateTime, Utc};

use super::rows::ConversationRow;

/// The events of one transaction, by kind.
pub(super) struct Batch<'a> {
    /// All events, in the order of arrival.
    pub events: &'a [Event],
    pub messages: Vec<&'a Message>,
    pub status_changes: Vec<&'a StatusChange>,
    pub audited_reads: Vec<&'a ConversationRead>,
    pub read_marks: Vec<&'a ReadMark>,
    /// The changes of what staff keeps about sessions.
    pub session_changes: Vec<&'a SessionChange>,
    pub notes: Vec<&'a Note>,
    pub availabilities: Vec<&'a StaffAvailability>,
    pub canned: Vec<&'a CannedReplyChange>,
    /// The players of the messages, the changes and the notes, each once, in the order in which
    /// their conversations are locked.
    pub players: Vec<&'a PlayerId>,
}

impl<'a> Batch<'a> {
    pub fn new(events: &'a [Event]) -> Self {
        let (mut messages, mut status_changes) = (Vec::new(), Vec::new());
        let (mut audited_reads, mut read_marks) = (Vec::new(), Vec::new());
        let (mut availabilities, mut canned) = (Vec::new(), Vec::new());
        let (mut session_changes, mut notes) = (Vec::new(), Vec::new());
        let mut players = Vec::with_capacity(events.len());
        for event in events {
            match event {
                Event::Message(message) => {
                    players.push(&message.player_id);
                    messages.push(&**message);
                }
                Event::StatusChange(change) => {
                    players.push(&change.player_id);
                    status_changes.push(change);
                }
                Event::ConversationRead(read) => audited_reads.push(read),
                Event::ReadMark(mark) => read_marks.push(mark),
                Event::StaffAvailability(availability) => availabilities.push(&**availability),
                Event::CannedReplyChange(change) => canned.push(&**change),
                Event::SessionChange(change) => {
                    players.push(&change.player_id);
                    session_changes.push(&**change);
                }
                Event::Note(note) => {
                    players.push(&note.player_id);
                    notes.push(&**note);
                }
                // The persister publishes these; they have nothing to write.
                Event::SessionUpdated(_)
                | Event::MessageRejected(_)
                | Event::ReadUpdated(_)
                | Event::CannedRepliesUpdated(_) => {}
            }
        }
        players.sort_unstable();
        players.dedup();
        Self {
            events,
            messages,
            status_changes,
            audited_reads,
            read_marks,
            session_changes,
            notes,
            availabilities,
            canned,
            players,
        }
    }

    /// The players of whose conversations `rows` has none.
    pub fn players_without(&self, rows: &[ConversationRow]) -> HashSet<PlayerId> {
        if rows.len() == self.players.len() {
            return HashSet::new();
        }
        let found: HashSet<_> = rows.iter().map(|row| &row.player_id).collect();
        let others = self.players.iter().filter(|player| !found.contains(**player));
        others.map(|player| (*player).clone()).collect()
    }

    /// Drops the events of the `locked` players, except marks, which wait for no conversation. Events
    /// of no conversation stay.
    pub fn leave_out(&mut self, locked: &HashSet<PlayerId>) {
        if locked.is_empty() {
            return;
        }
        self.messages.retain(|message| !locked.contains(&message.player_id));
        self.status_changes.retain(|change| !locked.contains(&change.player_id));
        self.audited_reads.retain(|read| !locked.contains(&read.player_id));
        self.session_changes.retain(|change| !locked.contains(&change.player_id));
        self.notes.retain(|note| !locked.contains(&note.player_id));
        self.players.retain(|player| !locked.contains(*player));
    }

    /// When the first message or change was accepted. The batch cannot change a session that was
    /// resolved before.
    pub fn earliest(&self) -> Option<DateTime<Utc>> {
        let messages = self.messages.iter().map(|message| message.accepted_at);
        let changes = self.status_changes.iter().map(|change| change.accepted_at);
        messages
            .chain(changes)
            .chain(self.session_changes.iter().map(|change| change.accepted_at))
            .min()
    }
}
