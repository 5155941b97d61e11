//! Computes in memory what a batch changes.

use std::collections::{BTreeSet, HashMap, HashSet};

use chat::{
    Message, MessageRejected, Name, PlayerId, RejectionReason, SenderType, SessionChange,
    SessionState, StatusChange, Subject,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    error::StoreError,
    identity::Identity,
    placed::{Placed, PlacedConversation},
    plan::{NewMessage, Plan},
    read::{LastSeen, NeededMessages},
    rows::{ConversationRow, Key, StoredMessage, StoredStatusChange, key_of},
    session_changes::is_repeat_of,
    waiting::Waiting,
};
use crate::{
    staff_facts::{Input, RepliesClaim, SessionChangeLog},
    timeline::{NewEvents, PlacedMessage, Timeline},
};

/// The conversations of a batch: what is stored of them, and the batch's events.
pub(super) struct Planner<'a> {
    /// By player id.
    conversations: Vec<Conversation<'a>>,
    duplicates: usize,
    rejected: Vec<MessageRejected>,
    conflicting_changes: usize,
    sessions_to_announce: BTreeSet<Key>,
}

struct Conversation<'a> {
    row: ConversationRow,
    timeline: Timeline,
    waiting: Waiting,
    /// The stored sessions that the batch can change.
    stored_sessions: Vec<Uuid>,
    open_session: Option<Uuid>,
    new_messages: Vec<&'a Message>,
    new_changes: Vec<&'a StatusChange>,
    /// Redelivered changes that have no effect, each with the session that it names.
    stale: Vec<(Uuid, Option<Uuid>)>,
    /// The new changes of what staff keeps about sessions.
    new_session_changes: Vec<&'a SessionChange>,
    /// The stored ones that the batch repeats.
    repeated_session_changes: Vec<SessionChange>,
}

impl<'a> Planner<'a> {
    /// Starts with what is stored: the conversations; the effective `changes` since `earliest`,
    /// when the first event of the batch was accepted; and the `sessions`, some of which were
    /// resolved by then.
    pub fn new(
        rows: Vec<ConversationRow>,
        changes: Vec<StatusChange>,
        sessions: Vec<SessionState>,
        earliest: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let names = latest_names(&sessions);
        let mut changes_of: HashMap<PlayerId, Vec<StatusChange>> = HashMap::new();
        for change in changes {
            changes_of.entry(change.player_id.clone()).or_default().push(change);
        }
        let new = |row: ConversationRow| {
            let name = names.get(&row.player_id).map(|name| (*name).clone());
            let changes = changes_of.remove(&row.player_id).unwrap_or_default();
            Conversation {
                timeline: Timeline::new(row.player_id.clone(), name, changes),
                waiting: Waiting::new(&row),
                stored_sessions: Vec::new(),
                open_session: None,
                new_messages: Vec::new(),
                new_changes: Vec::new(),
                stale: Vec::new(),
                new_session_changes: Vec::new(),
                repeated_session_changes: Vec::new(),
                row,
            }
        };
        let mut conversations: Vec<_> = rows.into_iter().map(new).collect();
        conversations.sort_by(|one, other| one.row.player_id.cmp(&other.row.player_id));
        let mut planner = Self {
            conversations,
            duplicates: 0,
            rejected: Vec::new(),
            conflicting_changes: 0,
            sessions_to_announce: BTreeSet::new(),
        };
        for session in sessions {
            let conversation = planner.conversation(&session.player_id)?;
            if session.resolved_at.is_none() {
                conversation.open_session = Some(session.id);
            }
            if session.resolved_at.is_none_or(|at| at >= earliest) {
                conversation.stored_sessions.push(session.id);
            }
            conversation.timeline.add(session);
        }
        Ok(planner)
    }

    /// Adds the batch's messages, in the order of arrival. `stored` has those whose key is stored.
    pub fn add_messages(
        &mut self,
        messages: &[&'a Message],
        stored: &HashMap<Key, StoredMessage>,
    ) -> Result<(), StoreError> {
        let mut new: HashMap<Key, &'a Message> = HashMap::new();
        for &message in messages {
            let key = (message.player_id.clone(), message.message_id);
            let stored = stored.get(&key);
            let first = new.get(&key).copied();
            match (stored, first) {
                (Some(stored), _) if stored.identity().is_repeated_by(message) => {
                    self.duplicates += 1;
                    let session = stored.session_id.map(|id| (key.0, id));
                    self.sessions_to_announce.extend(session);
                }
                (None, Some(first)) if Identity::from(first).is_repeated_by(message) => {
                    self.duplicates += 1;
                }
                (None, None) => {
                    self.conversation(&message.player_id)?.new_messages.push(message);
                    new.insert(key, message);
                }
                _ => {
                    log_conflict(Subject {
                        message_id: Some(message.message_id),
                        trace: message.traceparent,
                        ..Subject::default()
                    });
                    self.rejected.push(MessageRejected {
                        message_id: message.message_id,
                        player_id: message.player_id.clone(),
                        reason: RejectionReason::MessageIdTaken,
                        accepted_at: message.accepted_at,
                    });
                }
            }
        }
        Ok(())
    }

    /// Adds the batch's status changes, in the order of arrival. `stored` has those whose key is
    /// stored.
    pub fn add_status_changes(
        &mut self,
        changes: &[&'a StatusChange],
        stored: &HashMap<Key, StoredStatusChange>,
    ) -> Result<(), StoreError> {
        let mut new: HashMap<Key, &'a StatusChange> = HashMap::new();
        for &change in changes {
            let key = key_of(change);
            let (first, is_effective) = match (stored.get(&key), new.get(&key)) {
                (Some(stored), _) => (&stored.change, stored.effective),
                (None, Some(first)) => (*first, true),
                (None, None) => {
                    self.conversation(&change.player_id)?.new_changes.push(change);
                    new.insert(key, change);
                    continue;
                }
            };
            if first.status != change.status {
                log_conflict(Subject {
                    change_id: Some(change.change_id),
                    trace: change.traceparent,
                    ..Subject::default()
                });
                self.conflicting_changes += 1;
                continue;
            }
            self.duplicates += 1;
            let conversation = self.conversation(&change.player_id)?;
            if !is_effective {
                conversation.stale.push((change.change_id, first.session_id));
            }
            let sessions = conversation.stored_sessions.clone();
            let player = &change.player_id;
            self.sessions_to_announce
                .extend(sessions.into_iter().map(|session| (player.clone(), session)));
        }
        Ok(())
    }

    /// Adds the batch's changes of what staff keeps about sessions, in the order of arrival. `stored`
    /// has those whose key is stored.
    pub fn add_session_changes(
        &mut self,
        changes: &[&'a SessionChange],
        stored: &HashMap<Key, SessionChange>,
    ) -> Result<(), StoreError> {
        let mut new: HashMap<Key, &'a SessionChange> = HashMap::new();
        for &change in changes {
            let key = (change.player_id.clone(), change.change_id);
            let conversation = self.conversation(&change.player_id)?;
            let first = match (stored.get(&key), new.get(&key)) {
                (Some(stored), _) => stored,
                (None, Some(first)) => *first,
                (None, None) => {
                    conversation.new_session_changes.push(change);
                    new.insert(key, change);
                    continue;
                }
            };
            if is_repeat_of(change, first) {
                conversation.repeated_session_changes.push(first.clone());
                self.duplicates += 1;
            } else {
                log_conflict(Subject {
                    change_id: Some(change.change_id),
                    trace: change.traceparent,
                    ..Subject::default()
                });
                self.conflicting_changes += 1;
            }
        }
        Ok(())
    }

    /// The stored sessions whose messages are needed; for most batches none.
    pub fn needs(&self) -> Vec<NeededMessages> {
        let mut needs = Vec::new();
        for conversation in &self.conversations {
            let new = NewEvents {
                messages: &conversation.new_messages,
                changes: &conversation.new_changes,
                last_message_at: conversation.row.last_message_at,
            };
            let of_player = conversation.timeline.needs(new).into_iter();
            needs.extend(of_player.map(|(session_id, since, need)| NeededMessages {
                player_id: conversation.row.player_id.clone(),
                session_id,
                since,
                need,
            }));
        }
        needs
    }

    /// Adds the messages that are needed, by session, and the `changes` since the first of them.
    pub fn add_needed(
        &mut self,
        needs: &[NeededMessages],
        mut messages: HashMap<Uuid, Vec<PlacedMessage>>,
        changes: Vec<StatusChange>,
    ) -> Result<(), StoreError> {
        for need in needs {
            let messages = messages.remove(&need.session_id).unwrap_or_default();
            self.conversation(&need.player_id)?.timeline.add_messages(need.session_id, messages);
        }
        for change in changes {
            self.conversation(&change.player_id)?.timeline.add_changes([change]);
        }
        Ok(())
    }

    /// The new changes that name a `seq` and may concern the stored open session.
    pub fn last_seen(&self) -> Vec<LastSeen<'_>> {
        let mut seen = Vec::new();
        for conversation in &self.conversations {
            let Some(session_id) = conversation.open_session else { continue };
            seen.extend(conversation.new_changes.iter().filter_map(|change| {
                Some(LastSeen {
                    player_id: &conversation.row.player_id,
                    session_id,
                    change_id: change.change_id,
                    last_seq: change.last_seq?,
                    accepted_at: change.accepted_at,
                })
            }));
        }
        seen
    }

    /// Numbers the new messages and places all new events, in the order in which they were
    /// accepted. The authors of the `outdated` changes had not seen all of the stored open session.
    pub fn place(self, outdated: &HashSet<Key>, replies_claim: RepliesClaim) -> Placed<'a> {
        let mut plan = Plan {
            duplicates: self.duplicates,
            rejected: self.rejected,
            conflicting_changes: self.conflicting_changes,
            sessions_to_announce: self.sessions_to_announce,
            ..Plan::default()
        };
        let mut conversations = Vec::with_capacity(self.conversations.len());
        for conversation in self.conversations {
            plan.status_changes.extend(&conversation.new_changes);
            conversations.push(conversation.place(outdated, replies_claim));
        }
        Placed { conversations, plan }
    }

    /// The conversation of `player`, which is locked.
    fn conversation(&mut self, player: &PlayerId) -> Result<&mut Conversation<'a>, StoreError> {
        let found = self
            .conversations
            .binary_search_by(|conversation| conversation.row.player_id.cmp(player));
        found
            .ok()
            .and_then(|index| self.conversations.get_mut(index))
            .ok_or_else(|| StoreError::Unavailable(format!("conversation {player} is gone")))
    }
}

impl<'a> Conversation<'a> {
    fn place(
        mut self,
        outdated: &HashSet<Key>,
        replies_claim: RepliesClaim,
    ) -> PlacedConversation<'a> {
        let changes = std::mem::take(&mut self.new_changes);
        let answered_at = self.row.answered_at;
        let messages = self.place_all(&changes, outdated);
        let mut change_log = SessionChangeLog::new(replies_claim, self.row.desk_changed_at);
        change_log.answered_at = (answered_at, self.waiting.answered_at());
        change_log.new.extend(self.new_session_changes.into_iter().map(Input::of_event));
        let finalized = self.timeline.finalize();
        PlacedConversation {
            stale: self.stale,
            repeated: self.repeated_session_changes,
            ..PlacedConversation::new(
                self.row,
                self.waiting,
                finalized,
                &changes,
                messages,
                change_log,
            )
        }
    }

    fn place_all(
        &mut self,
        changes: &[&StatusChange],
        outdated: &HashSet<Key>,
    ) -> Vec<NewMessage<'a>> {
        let mut messages = std::mem::take(&mut self.new_messages);
        let mut changes = changes.to_vec();
        messages.sort_unstable_by_key(|message| (message.accepted_at, message.message_id));
        let mut numbered: Vec<_> = (self.row.last_seq + 1..).zip(messages).collect();
        // At one time, the player's message comes first: it may open the session that staff's belongs to.
        numbered.sort_by_key(|(_, message)| {
            (message.accepted_at, message.sender_type == SenderType::Staff)
        });
        changes.sort_unstable_by_key(|change| (change.accepted_at, change.change_id));
        if !changes.is_empty() {
            self.timeline.expect_changes();
        }
        let mut placed = Vec::with_capacity(numbered.len());
        let mut changes = changes.into_iter().peekable();
        for (seq, message) in numbered {
            while let Some(change) =
                changes.next_if(|change| change.accepted_at < message.accepted_at)
            {
                self.apply(change, outdated);
            }
            placed.push(self.place_message(seq, message));
        }
        for change in changes {
            self.apply(change, outdated);
        }
        placed
    }

    fn apply(&mut self, change: &StatusChange, outdated: &HashSet<Key>) {
        self.timeline.apply(change.clone(), outdated.contains(&key_of(change)));
    }

    fn place_message(&mut self, seq: i64, message: &'a Message) -> NewMessage<'a> {
        let row = &mut self.row;
        let erased = row.erased_through.is_some_and(|through| message.accepted_at <= through);
        let session_id = if erased {
            self.timeline.place(&Message { player_name: None, ..message.clone() }, seq)
        } else {
            self.timeline.place(message, seq)
        };
        self.waiting.add(message, session_id, erased);
        row.last_seq = row.last_seq.max(seq);
        let order = (Some(message.accepted_at), Some(message.message_id));
        if (row.last_message_at, row.last_message_id) < order {
            (row.last_message_at, row.last_message_id) = order;
        }
        NewMessage { message, session_id, seq, erased }
    }
}

/// The name of each player in the latest session that has one.
fn latest_names(sessions: &[SessionState]) -> HashMap<&PlayerId, &Name> {
    let mut ordered: Vec<_> = sessions.iter().collect();
    ordered.sort_by_key(|session| session.opened_at);
    let names = ordered.into_iter();
    names.filter_map(|session| Some((&session.player_id, session.player_name.as_ref()?))).collect()
}

fn log_conflict(subject: Subject) {
    tracing::debug!(
        messageId = subject.message_id.map(tracing::field::display),
        changeId = subject.change_id.map(tracing::field::display),
        trace_id = subject.trace_id(),
        "an event is not written, since another one has its id"
    );
}
