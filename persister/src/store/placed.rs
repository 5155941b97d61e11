//! The conversations of a batch after its messages and status changes are placed.

use std::collections::BTreeMap;

use chat::{PlayerId, SenderType, SessionChange, StatusChange};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    plan::{NewMessage, NewSessionChange, Plan, StaleChange},
    rows::ConversationRow,
    session_changes::{NeededChanges, StoredSessionChanges},
    waiting::Waiting,
};
use crate::{
    staff_facts::{Gap, Input, SessionChangeLog, Source, belongs},
    timeline::Finalized,
};

/// The conversations of a batch, each with its sessions, to which the changes of what staff keeps
/// about them are still to be applied.
pub(super) struct Placed<'a> {
    /// By player id.
    pub conversations: Vec<PlacedConversation<'a>>,
    /// What the batch writes and announces apart from them.
    pub plan: Plan<'a>,
}

pub(super) struct PlacedConversation<'a> {
    pub row: ConversationRow,
    pub finalized: Finalized,
    pub waiting: Waiting,
    pub messages: Vec<NewMessage<'a>>,
    /// Changes that have no effect, each with the session that it names.
    pub stale: Vec<(Uuid, Option<Uuid>)>,
    /// The stored changes that the batch repeats.
    pub repeated: Vec<SessionChange>,
    pub change_log: SessionChangeLog,
}

impl<'a> Placed<'a> {
    /// The conversations whose stored changes are needed; for most batches none.
    pub fn needed_changes(&self) -> Vec<NeededChanges> {
        let need = |conversation: &PlacedConversation<'_>| {
            let since = conversation.change_log.needs_since(&conversation.finalized.sessions)?;
            Some(NeededChanges { player_id: conversation.row.player_id.clone(), since })
        };
        self.conversations.iter().filter_map(need).collect()
    }

    /// Adds the stored changes of the conversations that need them.
    pub fn add_stored(&mut self, stored: StoredSessionChanges) {
        let mut of: BTreeMap<PlayerId, (Vec<SessionChange>, Vec<StatusChange>)> = BTreeMap::new();
        for change in stored.changes {
            of.entry(change.player_id.clone()).or_default().0.push(change);
        }
        for activation in stored.activations {
            of.entry(activation.player_id.clone()).or_default().1.push(activation);
        }
        for conversation in &mut self.conversations {
            if let Some((changes, activations)) = of.remove(&conversation.row.player_id) {
                conversation.change_log.add_stored(changes, activations);
            }
        }
    }

    /// The gaps in which a stored message of staff may claim a session.
    pub fn gaps(&self) -> Vec<(PlayerId, Gap)> {
        let gaps = |conversation: &PlacedConversation<'_>| {
            let gaps = conversation.change_log.gaps(&conversation.finalized.sessions);
            let player_id = conversation.row.player_id.clone();
            gaps.into_iter().map(move |gap| (player_id.clone(), gap)).collect::<Vec<_>>()
        };
        self.conversations.iter().flat_map(gaps).collect()
    }

    /// Adds the first message of staff in each gap.
    pub fn add_replies(&mut self, replies: Vec<SessionChange>) {
        let mut of: BTreeMap<PlayerId, Vec<SessionChange>> = BTreeMap::new();
        for reply in replies {
            of.entry(reply.player_id.clone()).or_default().push(reply);
        }
        for conversation in &mut self.conversations {
            if let Some(replies) = of.remove(&conversation.row.player_id) {
                conversation.change_log.add_replies(replies);
            }
        }
    }

    /// Applies the changes of what staff keeps about the sessions, and returns what the batch writes
    /// and announces.
    pub fn finish(self) -> Plan<'a> {
        let mut plan = self.plan;
        for conversation in self.conversations {
            conversation.finish(&mut plan);
        }
        plan.sessions.sort_by_key(|session| session.resolved_at.is_none());
        plan
    }
}

impl<'a> PlacedConversation<'a> {
    /// The conversation with its sessions. `new` are the batch's status changes, and `change_log` has
    /// the batch's other changes.
    pub fn new(
        row: ConversationRow,
        waiting: Waiting,
        mut finalized: Finalized,
        new: &[&StatusChange],
        mut messages: Vec<NewMessage<'a>>,
        change_log: SessionChangeLog,
    ) -> Self {
        for new in &mut messages {
            let moved = finalized.moves.remove(&new.message.message_id);
            new.session_id = moved.unwrap_or(new.session_id);
        }
        let mut placed = Self {
            row,
            finalized,
            waiting,
            messages,
            stale: Vec::new(),
            repeated: Vec::new(),
            change_log,
        };
        placed.add_status_changes(new);
        placed.add_messages();
        placed
    }

    fn add_status_changes(&mut self, new: &[&StatusChange]) {
        let Finalized { ineffective, reopenings, activations, .. } = &self.finalized;
        let without_author = activations.iter().filter(|activation| activation.actor_id.is_none());
        self.change_log.activations.extend(without_author.map(|activation| activation.accepted_at));
        for change in new {
            let id = change.change_id;
            if ineffective.iter().all(|ineffective| ineffective.change_id != id) {
                let is_reopening = reopenings.contains(&id);
                self.change_log.new.extend(Input::of_status(change, is_reopening));
            }
        }
    }

    fn add_messages(&mut self) {
        for new in &self.messages {
            let message = new.message;
            let topic = message.intake.as_ref().and_then(|intake| intake.topic.as_ref());
            if let Some(topic) = topic {
                self.change_log.new.push(Input::of_topic(message, topic));
            }
            if message.sender_type == SenderType::Staff {
                let name = message.sender_name.as_ref().filter(|_| !new.erased);
                self.change_log.replies.extend(Input::of_reply(message, name));
            }
        }
        for session in &mut self.finalized.sessions {
            let state = &mut session.state;
            let opening = self.messages.iter().find(|new| {
                new.session_id == state.id
                    && new.message.accepted_at == state.opened_at
                    && !new.erased
            });
            let language = opening.and_then(|new| new.message.intake.as_ref()?.language.clone());
            if language.is_some() {
                session.set_language(language);
            }
        }
    }

    fn finish(mut self, plan: &mut Plan<'a>) {
        let player_id = self.row.player_id.clone();
        let key = |id| (player_id.clone(), id);
        let applied = self.change_log.apply(&mut self.finalized.sessions);
        let Finalized { sessions, moves, ineffective, undone, .. } = self.finalized;
        let has_moves = !moves.is_empty();
        plan.messages.extend(self.messages);
        plan.moves.extend(moves.into_iter().map(|(message, session)| (key(message), session)));

        let mut stale = self.stale;
        stale.extend(ineffective.iter().map(|change| (change.change_id, change.session_id)));
        let owner = |change: &SessionChange| {
            sessions.iter().find(|session| belongs(change, &session.state))
        };
        let events = self.change_log.new.iter().filter(|input| input.source == Source::Event);
        for change in events.map(|input| &input.change).chain(&self.repeated) {
            // The session is announced to the author of the change even if nothing changed.
            match owner(change) {
                Some(session) => drop(plan.sessions_to_announce.insert(key(session.state.id))),
                None => stale.push((change.change_id, change.session_id)),
            }
        }
        let mut changed_at: Option<DateTime<Utc>> = None;
        let replies =
            applied.replies.into_iter().map(|change| Input { change, source: Source::Reply });
        for Input { change, source } in self.change_log.new.into_iter().chain(replies) {
            changed_at = changed_at.max(Some(change.accepted_at));
            if source == Source::Status {
                continue;
            }
            let session_id = owner(&change).map(|session| session.state.id);
            let is_effective = applied.effective.contains(&change.change_id);
            plan.session_changes.push(NewSessionChange {
                change,
                source,
                session_id,
                is_effective,
            });
        }
        plan.desk_changed_at.extend(changed_at.map(|at| (player_id.clone(), at)));

        let mut row = self.row;
        if let Some(latest) = sessions.last() {
            row.session_id = Some(latest.state.id);
            row.status = row.inbox_status(latest.state.status).map(ToOwned::to_owned);
            if self.waiting.finish(&mut row, &latest.state, latest.is_new(), has_moves) {
                plan.recounts.push(player_id.clone());
            }
        }
        for session in sessions {
            plan.are_facts_changed |= session.are_facts_changed();
            if session.is_update() {
                plan.session_updates.push(session.state.clone());
            }
            if session.is_changed() {
                plan.sessions.push(session.state);
            }
        }
        plan.ineffective.extend(ineffective.iter().map(|change| key(change.change_id)));
        plan.ineffective.extend(undone.into_iter().map(key));
        let latest = row.session_id;
        plan.stale.extend(stale.into_iter().map(|(change_id, session_id)| StaleChange {
            change_id,
            player_id: player_id.clone(),
            session_id,
            latest,
        }));
        plan.conversations.push(row);
    }
}
