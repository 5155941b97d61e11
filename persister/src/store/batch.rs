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
    pub changes: Vec<&'a StatusChange>,
    pub reads: Vec<&'a ConversationRead>,
    pub marks: Vec<&'a ReadMark>,
    /// The changes of what staff keeps about sessions.
    pub desk: Vec<&'a SessionChange>,
    pub notes: Vec<&'a Note>,
    pub availabilities: Vec<&'a StaffAvailability>,
    pub canned: Vec<&'a CannedReplyChange>,
    /// The players of the messages, the changes and the notes, each once, in the order in which
    /// their conversations are locked.
    pub players: Vec<&'a PlayerId>,
}

impl<'a> Batch<'a> {
    pub fn new(events: &'a [Event]) -> Self {
        let (mut messages, mut changes) = (Vec::new(), Vec::new());
        let (mut reads, mut marks) = (Vec::new(), Vec::new());
        let (mut availabilities, mut canned) = (Vec::new(), Vec::new());
        let (mut desk, mut notes) = (Vec::new(), Vec::new());
        let mut players = Vec::with_capacity(events.len());
        for event in events {
            match event {
                Event::Message(message) => {
                    players.push(&message.player_id);
                    messages.push(&**message);
                }
                Event::StatusChange(change) => {
                    players.push(&change.player_id);
                    changes.push(change);
                }
                Event::ConversationRead(read) => reads.push(read),
                Event::ReadMark(mark) => marks.push(mark),
                Event::StaffAvailability(availability) => availabilities.push(&**availability),
                Event::CannedReplyChange(change) => canned.push(&**change),
                Event::SessionChange(change) => {
                    players.push(&change.player_id);
                    desk.push(&**change);
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
            changes,
            reads,
            marks,
            desk,
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
        self.changes.retain(|change| !locked.contains(&change.player_id));
        self.reads.retain(|read| !locked.contains(&read.player_id));
        self.desk.retain(|change| !locked.contains(&change.player_id));
        self.notes.retain(|note| !locked.contains(&note.player_id));
        self.players.retain(|player| !locked.contains(*player));
    }

    /// When the first message or change was accepted. The batch cannot change a session that was
    /// resolved before.
    pub fn earliest(&self) -> Option<DateTime<Utc>> {
        let messages = self.messages.iter().map(|message| message.accepted_at);
        let changes = self.changes.iter().map(|change| change.accepted_at);
        messages.chain(changes).chain(self.desk.iter().map(|change| change.accepted_at)).min()
    }
}
