//! What a batch makes of what is stored, worked out in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chat::{Message, Name, PlayerId, SenderType, SessionState, StatusChange, event::Event};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    identity::Identity,
    read::{Conversation, StoredChange, StoredMessage},
    stale::StaleChange,
    waiting::Waiting,
};
use crate::timeline::{Change, Need, NewEvents, PlacedMessage, Timeline};

/// The conversations of a batch on their way from what is stored to what is to be.
pub(super) struct Plan<'a> {
    conversations: BTreeMap<String, Planned<'a>>,
    messages: Vec<NewMessage<'a>>,
    duplicates: usize,
    conflicts: Vec<Event>,
    repeated_sessions: BTreeSet<Uuid>,
    stale: Vec<StaleChange>,
}

struct Planned<'a> {
    row: Conversation,
    timeline: Timeline,
    waiting: Waiting,
    /// Those that the batch can touch.
    stored_sessions: Vec<Uuid>,
    open_session: Option<Uuid>,
    new_messages: Vec<&'a Message>,
    new_changes: Vec<Change>,
}

/// A message that is to become a row.
pub(super) struct NewMessage<'a> {
    pub message: &'a Message,
    pub session_id: Uuid,
    pub seq: i64,
    /// It was accepted before its conversation was erased: its row says nothing, and not who said it.
    pub erased: bool,
}

impl NewMessage<'_> {
    /// What its row says.
    pub fn content(&self) -> &str {
        if self.erased { "" } else { self.message.content.as_str() }
    }

    /// What its row calls the sender.
    pub fn sender_name(&self) -> Option<&str> {
        self.message.sender_name.as_ref().filter(|_| !self.erased).map(Name::as_str)
    }
}

/// A stored session whose messages are needed.
pub(super) struct NeededMessages {
    pub player_id: String,
    pub session_id: Uuid,
    /// The time of the first.
    pub since: DateTime<Utc>,
    pub need: Need,
}

/// A new change that has no effect if the player had written more than its author saw.
pub(super) struct SeenUntil<'a> {
    pub player_id: &'a str,
    pub session_id: Uuid,
    pub change_id: Uuid,
    pub last_seq: i64,
    pub accepted_at: DateTime<Utc>,
}

/// All that is to be written.
pub(super) struct Finished<'a> {
    pub conversations: Vec<Conversation>,
    /// The players whose unanswered messages must be counted anew.
    pub recounts: Vec<String>,
    /// Resolved ones before open ones, so that no two of a player are ever open at once.
    pub sessions: Vec<SessionState>,
    /// Which stored messages move to which session.
    pub moves: Vec<(Uuid, Uuid)>,
    /// In the order of their ids, in which they are locked.
    pub messages: Vec<NewMessage<'a>>,
    /// Changes whose rows must say that they have no effect.
    pub ineffective: Vec<Uuid>,
    pub duplicates: usize,
    pub conflicts: Vec<Event>,
    /// What clients must be told.
    pub news: Vec<SessionState>,
    /// The sessions of events that came again: the persister that wrote them first may have died
    /// before it announced them.
    pub repeated_sessions: Vec<Uuid>,
    /// The changes whose authors must receive that they had no effect.
    pub stale: Vec<StaleChange>,
}

impl<'a> Plan<'a> {
    /// What is stored of the conversations: those of their status `changes` since `earliest`, when the
    /// first event of the batch was accepted, that have an effect, and their `sessions`, some of which
    /// were over by then.
    pub fn new(
        conversations: Vec<Conversation>,
        changes: Vec<StoredChange>,
        sessions: Vec<SessionState>,
        earliest: DateTime<Utc>,
    ) -> Self {
        let names = latest_names(&sessions);
        let mut changes_of: HashMap<String, Vec<Change>> = HashMap::new();
        for StoredChange { player_id, change, .. } in changes {
            changes_of.entry(player_id).or_default().push(change);
        }
        let mut planned = BTreeMap::new();
        for row in conversations {
            // A stored id that is none of a player was not written by a persister.
            let Ok(player_id) = PlayerId::try_from(row.player_id.clone()) else {
                continue;
            };
            let changes = changes_of.remove(&row.player_id).unwrap_or_default();
            let timeline = Timeline::new(player_id, names.get(&row.player_id).cloned(), changes);
            let of_player = Planned {
                timeline,
                waiting: Waiting::new(&row),
                stored_sessions: Vec::new(),
                open_session: None,
                new_messages: Vec::new(),
                new_changes: Vec::new(),
                row,
            };
            planned.insert(of_player.row.player_id.clone(), of_player);
        }
        for session in sessions {
            let Some(planned) = planned.get_mut(session.player_id.as_str()) else { continue };
            if session.resolved_at.is_none() {
                planned.open_session = Some(session.id);
            }
            if session.resolved_at.is_none_or(|at| at >= earliest) {
                planned.stored_sessions.push(session.id);
            }
            planned.timeline.add(session);
        }
        Self {
            conversations: planned,
            messages: Vec::new(),
            duplicates: 0,
            conflicts: Vec::new(),
            repeated_sessions: BTreeSet::new(),
            stale: Vec::new(),
        }
    }

    /// Adds the batch's messages, in the order of their arrival, to what is `stored` of them.
    pub fn add_messages(
        &mut self,
        messages: &[&'a Message],
        stored: &HashMap<Uuid, StoredMessage>,
    ) {
        let mut new: HashMap<Uuid, &'a Message> = HashMap::new();
        for &message in messages {
            let stored = stored.get(&message.message_id);
            let first = new.get(&message.message_id).copied();
            match (stored, first) {
                (Some(stored), _) if stored.identity().is_repeated_by(message) => {
                    self.duplicates += 1;
                    self.repeated_sessions.extend(stored.session_id());
                }
                (None, Some(first)) if Identity::from(first).is_repeated_by(message) => {
                    self.duplicates += 1
                }
                (None, None) => {
                    new.insert(message.message_id, message);
                }
                _ => self.conflicts.push(Event::Message(Box::new(message.clone()))),
            }
        }
        for message in new.into_values() {
            if let Some(planned) = self.conversations.get_mut(message.player_id.as_str()) {
                planned.new_messages.push(message);
            }
        }
    }

    /// Adds the batch's status changes, in the order of their arrival, to what is `stored` under their
    /// ids: one that is not what is stored is in conflict, and one that is not `new` came again.
    pub fn add_changes(
        &mut self,
        changes: &[&StatusChange],
        mut new: HashSet<Uuid>,
        stored: &HashMap<Uuid, StoredChange>,
    ) {
        for change in changes {
            let stored = stored.get(&change.change_id).filter(|stored| stored.is(change));
            let planned = self.conversations.get_mut(change.player_id.as_str());
            let (Some(stored), Some(planned)) = (stored, planned) else {
                self.conflicts.push(Event::StatusChange((*change).clone()));
                continue;
            };
            if new.remove(&change.change_id) {
                planned.new_changes.push(stored.change.clone());
                continue;
            }
            self.duplicates += 1;
            self.repeated_sessions.extend(&planned.stored_sessions);
            if !stored.effective {
                self.stale.push(StaleChange {
                    change_id: change.change_id,
                    player_id: planned.row.player_id.clone(),
                    session_id: stored.change.session_id,
                    latest: None,
                    is_new: false,
                });
            }
        }
    }

    /// The stored sessions whose messages are needed, none in all usual cases.
    pub fn needs(&self) -> Vec<NeededMessages> {
        let mut needs = Vec::new();
        for planned in self.conversations.values() {
            let new = NewEvents {
                messages: &planned.new_messages,
                changes: &planned.new_changes,
                last_message_at: planned.row.last_message_at,
            };
            let of_player = planned.timeline.needs(new).into_iter();
            needs.extend(of_player.map(|(session_id, since, need)| NeededMessages {
                player_id: planned.row.player_id.clone(),
                session_id,
                since,
                need,
            }));
        }
        needs
    }

    /// The ids of the new changes.
    pub fn new_changes(&self) -> HashSet<Uuid> {
        let changes = self.conversations.values().flat_map(|planned| &planned.new_changes);
        changes.map(|change| change.id).collect()
    }

    /// Adds the messages that are needed, and the `changes` that were stored since the first of them.
    pub fn add_needed(
        &mut self,
        needs: &[NeededMessages],
        mut messages: HashMap<Uuid, Vec<PlacedMessage>>,
        changes: Vec<StoredChange>,
    ) {
        for need in needs {
            let messages = messages.remove(&need.session_id).unwrap_or_default();
            if let Some(planned) = self.conversations.get_mut(&need.player_id) {
                planned.timeline.add_messages(need.session_id, messages);
            }
        }
        for StoredChange { player_id, change, .. } in changes {
            if let Some(planned) = self.conversations.get_mut(&player_id) {
                planned.timeline.add_changes([change]);
            }
        }
    }

    /// The new changes that name a `seq` and may concern the stored open session.
    pub fn seen_until(&self) -> Vec<SeenUntil<'_>> {
        let mut seen = Vec::new();
        for planned in self.conversations.values() {
            let Some(session_id) = planned.open_session else { continue };
            seen.extend(planned.new_changes.iter().filter_map(|change| {
                Some(SeenUntil {
                    player_id: &planned.row.player_id,
                    session_id,
                    change_id: change.id,
                    last_seq: change.last_seq?,
                    accepted_at: change.accepted_at,
                })
            }));
        }
        seen
    }

    /// Numbers the new messages and places all new events, in the order in which they were accepted.
    /// The authors of the `outdated` changes had not seen all of the stored open session.
    pub fn place_all(&mut self, outdated: &HashSet<Uuid>) {
        for planned in self.conversations.values_mut() {
            planned.place_all(outdated, &mut self.messages);
        }
    }

    /// What is to be written.
    pub fn finish(self) -> Finished<'a> {
        let (mut messages, mut stale) = (self.messages, self.stale);
        messages.sort_unstable_by_key(|it| it.message.message_id);
        let (mut conversations, mut sessions, mut news) = (Vec::new(), Vec::new(), Vec::new());
        let (mut recounts, mut undone) = (Vec::new(), Vec::new());
        let mut moves: BTreeMap<Uuid, Uuid> = BTreeMap::new();
        let mut latest_sessions: HashMap<String, Uuid> = HashMap::new();
        for planned in self.conversations.into_values() {
            let mut row = planned.row;
            let settled = planned.timeline.settle();
            let moved = !settled.moves.is_empty();
            moves.extend(settled.moves);
            undone.extend(settled.undone);
            stale.extend(settled.ineffective.into_iter().map(|change| StaleChange {
                change_id: change.change_id,
                player_id: row.player_id.clone(),
                session_id: change.session_id,
                latest: None,
                is_new: true,
            }));
            if let Some(latest) = settled.sessions.last() {
                row.session_id = Some(latest.state.id);
                row.status = row.shown(latest.state.status).map(ToOwned::to_owned);
                if planned.waiting.finish(&mut row, &latest.state, latest.is_new(), moved) {
                    recounts.push(row.player_id.clone());
                }
            }
            conversations.push(row);
            for session in settled.sessions {
                if session.is_news() {
                    news.push(session.state.clone());
                }
                if session.is_changed() {
                    sessions.push(session.state);
                }
            }
        }
        if !stale.is_empty() {
            let latest = conversations.iter().map(|row| (row.player_id.clone(), row.session_id));
            latest_sessions.extend(latest.filter_map(|(player, session)| Some((player, session?))));
            for change in &mut stale {
                change.latest = latest_sessions.get(&change.player_id).copied();
            }
        }
        sessions.sort_by_key(|it| it.resolved_at.is_none());
        if !moves.is_empty() {
            for message in &mut messages {
                let moved = moves.remove(&message.message.message_id);
                message.session_id = moved.unwrap_or(message.session_id);
            }
        }
        let new = stale.iter().filter(|change| change.is_new);
        Finished {
            conversations,
            recounts,
            sessions,
            moves: moves.into_iter().collect(),
            messages,
            ineffective: new.map(|change| change.change_id).chain(undone).collect(),
            duplicates: self.duplicates,
            conflicts: self.conflicts,
            news,
            repeated_sessions: self.repeated_sessions.into_iter().collect(),
            stale,
        }
    }
}

impl<'a> Planned<'a> {
    fn place_all(&mut self, outdated: &HashSet<Uuid>, placed: &mut Vec<NewMessage<'a>>) {
        let mut messages = std::mem::take(&mut self.new_messages);
        let mut changes = std::mem::take(&mut self.new_changes);
        messages.sort_unstable_by_key(|message| (message.accepted_at, message.message_id));
        let mut numbered: Vec<_> = (self.row.last_seq + 1..).zip(messages).collect();
        numbered.sort_by_key(|(_, message)| {
            (message.accepted_at, message.sender_type == SenderType::Staff)
        });
        changes.sort_unstable_by_key(|change| (change.accepted_at, change.id));
        if !changes.is_empty() {
            self.timeline.expect_changes();
        }
        let mut changes = changes.into_iter().peekable();
        for (seq, message) in numbered {
            while let Some(change) =
                changes.next_if(|change| change.accepted_at < message.accepted_at)
            {
                let is_outdated = outdated.contains(&change.id);
                self.timeline.apply(change, is_outdated);
            }
            placed.push(self.place(seq, message));
        }
        for change in changes {
            let is_outdated = outdated.contains(&change.id);
            self.timeline.apply(change, is_outdated);
        }
    }

    fn place(&mut self, seq: i64, message: &'a Message) -> NewMessage<'a> {
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

/// What each player was called in the latest session that names them.
fn latest_names(sessions: &[SessionState]) -> HashMap<String, Name> {
    let mut ordered: Vec<_> = sessions.iter().collect();
    ordered.sort_by_key(|it| it.opened_at);
    let named =
        |it: &SessionState| Some((it.player_id.as_str().to_owned(), it.player_name.clone()?));
    ordered.into_iter().filter_map(named).collect()
}
