//! What a batch makes of what is stored, worked out in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::TimeDelta;
use shared::chat::{
    Message, Name, PlayerId, RequestedStatus, SessionState, StatusChange, event::Event,
};
use uuid::Uuid;

use super::read::{Change, Conversation, Existing, Stretch};
use crate::timeline::{StoredMessage, Time, Timeline};

/// The conversations of a batch on their way from what is stored to what is to be.
pub(super) struct Plan<'a> {
    conversations: BTreeMap<String, Planned>,
    messages: Vec<NewMessage<'a>>,
    moves: Vec<Move>,
    duplicates: usize,
    conflicts: Vec<Event>,
    repeated_sessions: BTreeSet<Uuid>,
}

struct Planned {
    row: Conversation,
    timeline: Timeline,
    stored_sessions: Vec<Uuid>,
    /// The times of all resolutions, ascending.
    resolutions: Vec<Time>,
}

/// Stored messages that belong to another session than they did: all of `from_session` from the `first`
/// to the `last`, in the order of (`accepted_at`, `id`).
#[derive(Debug)]
pub(super) struct Move {
    pub player_id: String,
    pub from_session: Uuid,
    pub to_session: Uuid,
    pub first: (Time, Uuid),
    pub last: (Time, Uuid),
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

/// All that is to be written.
pub(super) struct Finished<'a> {
    pub conversations: Vec<Conversation>,
    /// Resolved ones before open ones, so that no two of a player are ever open at once.
    pub sessions: Vec<SessionState>,
    pub moves: Vec<Move>,
    /// In the order of their ids, in which they are locked.
    pub messages: Vec<NewMessage<'a>>,
    pub duplicates: usize,
    pub conflicts: Vec<Event>,
    /// What clients must be told.
    pub news: Vec<SessionState>,
    /// The sessions of events that came again: whoever wrote them first may have died before it
    /// told the clients.
    pub repeated_sessions: Vec<Uuid>,
}

impl<'a> Plan<'a> {
    /// What is stored of the conversations: their status `changes` since `earliest`, when the first
    /// event of the batch was accepted, and their `sessions`, some of which may have been over by
    /// then. The second part of the result are the sessions that are cut: the messages that decide how
    /// are needed for [`Self::add_cut`].
    pub fn new(
        conversations: Vec<Conversation>,
        changes: Vec<Change>,
        sessions: Vec<SessionState>,
        earliest: Time,
    ) -> (Self, Vec<SessionState>) {
        let names = latest_names(&sessions);
        let mut changes_of: HashMap<String, Vec<Change>> = HashMap::new();
        for change in changes {
            changes_of.entry(change.player_id.clone()).or_default().push(change);
        }
        let mut planned = BTreeMap::new();
        for row in conversations {
            // Whatever is stored went through the door: an id that does not is none of ours.
            let Ok(player_id) = PlayerId::try_from(row.player_id.clone()) else {
                continue;
            };
            let changes = changes_of.remove(&row.player_id).unwrap_or_default();
            let resolved = |change: &Change| change.status == RequestedStatus::Resolved;
            let resolutions = changes.iter().filter(|change| resolved(change));
            let mut resolutions: Vec<_> = resolutions.map(|change| change.accepted_at).collect();
            resolutions.sort_unstable();
            let changes = changes.into_iter().map(|it| (it.status, it.accepted_at));
            let timeline = Timeline::new(player_id, names.get(&row.player_id).cloned(), changes);
            let stored_sessions = Vec::new();
            let player_id = row.player_id.clone();
            planned.insert(player_id, Planned { row, timeline, stored_sessions, resolutions });
        }
        let mut plan = Self {
            conversations: planned,
            messages: Vec::new(),
            moves: Vec::new(),
            duplicates: 0,
            conflicts: Vec::new(),
            repeated_sessions: BTreeSet::new(),
        };
        let current = |it: &SessionState| it.resolved_at.is_none_or(|at| at >= earliest);
        let cut = sessions.into_iter().filter(current).filter_map(|it| plan.add(it)).collect();
        (plan, cut)
    }

    /// The stretches that resolutions cut the sessions into.
    pub fn stretches(&self, cut: &[SessionState]) -> Vec<Stretch> {
        let mut stretches = Vec::new();
        for session in cut {
            let planned = self.conversations.get(session.player_id.as_str());
            let resolutions = planned.map(|planned| planned.resolutions.as_slice());
            let mut add = |from, through| {
                let player_id = session.player_id.as_str().to_owned();
                stretches.push(Stretch { player_id, session_id: session.id, from, through });
            };
            let mut from = session.opened_at;
            for &resolution in resolutions.unwrap_or_default() {
                if (from..session.last_message_at).contains(&resolution) {
                    add(from, Some(resolution));
                    from = resolution + TimeDelta::microseconds(1);
                }
            }
            add(from, None);
        }
        stretches
    }

    /// Adds the sessions that are cut, with the messages that decide how.
    pub fn add_cut(
        &mut self,
        cut: Vec<SessionState>,
        deciding: &HashMap<Uuid, Vec<StoredMessage>>,
    ) {
        for session in cut {
            let messages = deciding.get(&session.id).map(Vec::as_slice).unwrap_or_default();
            let Some(planned) = self.conversations.get_mut(session.player_id.as_str()) else {
                continue;
            };
            let (player_id, from_session) = (planned.row.player_id.clone(), session.id);
            let places: HashMap<_, _> = messages
                .iter()
                .map(|message| (message.id, (message.accepted_at, message.id)))
                .collect();
            let mut moves: BTreeMap<Uuid, Move> = BTreeMap::new();
            for moved in planned.timeline.add_cut(session, messages) {
                let Some(&place) = places.get(&moved.message_id) else { continue };
                let range = moves.entry(moved.session_id).or_insert_with(|| Move {
                    player_id: player_id.clone(),
                    from_session,
                    to_session: moved.session_id,
                    first: place,
                    last: place,
                });
                range.first = range.first.min(place);
                range.last = range.last.max(place);
            }
            self.moves.extend(moves.into_values());
        }
    }

    /// Adds the batch's messages, in the order of their arrival, to what is `stored` of them.
    pub fn add_messages(&mut self, messages: &[&'a Message], stored: &HashMap<Uuid, Existing>) {
        let mut new: HashMap<Uuid, &'a Message> = HashMap::new();
        for &message in messages {
            let stored = stored.get(&message.message_id);
            let first = new.get(&message.message_id).copied();
            match (stored, first) {
                (Some(stored), _) if stored.is(message) => {
                    self.duplicates += 1;
                    self.repeated_sessions.extend(stored.session_id());
                }
                (None, Some(first)) if is_same(first, message) => self.duplicates += 1,
                (None, None) => {
                    new.insert(message.message_id, message);
                }
                _ => self.conflicts.push(Event::Message(Box::new(message.clone()))),
            }
        }
        let mut new: Vec<_> = new.into_values().collect();
        new.sort_unstable_by_key(|it| (it.accepted_at, it.message_id));
        new.into_iter().for_each(|message| self.place(message));
    }

    /// Holds the batch's status changes, which are on the timelines already, against what is `stored`
    /// under their ids: one that is not what is stored is in conflict, and one that is not `new` came
    /// again.
    pub fn check_changes(
        &mut self,
        changes: &[&StatusChange],
        new: &HashSet<Uuid>,
        stored: &HashMap<Uuid, Change>,
    ) {
        for change in changes {
            if !stored.get(&change.change_id).is_some_and(|stored| stored.is(change)) {
                self.conflicts.push(Event::StatusChange((*change).clone()));
            } else if !new.contains(&change.change_id) {
                self.duplicates += 1;
                if let Some(planned) = self.conversations.get(change.player_id.as_str()) {
                    self.repeated_sessions.extend(&planned.stored_sessions);
                }
            }
        }
    }

    /// What is to be written.
    pub fn finish(self) -> Finished<'a> {
        let mut messages = self.messages;
        messages.sort_unstable_by_key(|it| it.message.message_id);
        let (mut conversations, mut sessions, mut news) = (Vec::new(), Vec::new(), Vec::new());
        for planned in self.conversations.into_values() {
            let mut row = planned.row;
            let settled = planned.timeline.into_sessions();
            if let Some(latest) = settled.last() {
                row.session_id = Some(latest.state.id);
                // Without a message to show, because all are archived, it is in no inbox.
                let status = row.last_message_id.map(|_| latest.state.status.as_str());
                row.status = status.map(ToOwned::to_owned);
            }
            conversations.push(row);
            for session in settled {
                if session.is_news() {
                    news.push(session.state.clone());
                }
                if session.is_changed() {
                    sessions.push(session.state);
                }
            }
        }
        sessions.sort_by_key(|it| it.resolved_at.is_none());
        Finished {
            conversations,
            sessions,
            moves: self.moves,
            messages,
            duplicates: self.duplicates,
            conflicts: self.conflicts,
            news,
            repeated_sessions: self.repeated_sessions.into_iter().collect(),
        }
    }

    /// Adds a stored session, unless it is cut.
    fn add(&mut self, session: SessionState) -> Option<SessionState> {
        let planned = self.conversations.get_mut(session.player_id.as_str())?;
        planned.stored_sessions.push(session.id);
        if planned.timeline.cuts(&session) {
            return Some(session);
        }
        planned.timeline.add(session);
        None
    }

    fn place(&mut self, message: &'a Message) {
        let Some(planned) = self.conversations.get_mut(message.player_id.as_str()) else {
            return;
        };
        let row = &mut planned.row;
        let erased = row.erased_through.is_some_and(|through| message.accepted_at <= through);
        let session_id = if erased {
            planned.timeline.place(&Message { player_name: None, ..message.clone() })
        } else {
            planned.timeline.place(message)
        };
        row.last_seq += 1;
        self.messages.push(NewMessage { message, session_id, seq: row.last_seq, erased });
        let order = (Some(message.accepted_at), Some(message.message_id));
        if (row.last_message_at, row.last_message_id) < order {
            (row.last_message_at, row.last_message_id) = order;
        }
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

fn is_same(first: &Message, second: &Message) -> bool {
    first.player_id == second.player_id
        && first.sender_type == second.sender_type
        && first.content == second.content
}
