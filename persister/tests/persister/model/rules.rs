//! The rules in their plainest form: the state of a conversation follows from the set of its
//! events. The code shares nothing with the persister.

use std::collections::BTreeSet;

use chat::{Message, RequestedStatus, SenderType, SessionAction, SessionStatus, event::Event};
use uuid::Uuid;

use super::observed::Rejected;
use crate::support::assignee;

/// Microseconds after the epoch.
pub type Micros = i64;

/// The state of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// Its sessions, oldest first.
    pub sessions: Vec<Session>,
    /// The session of its row.
    pub latest: Option<Session>,
    /// The status of its row.
    pub status: Option<SessionStatus>,
    /// The number of unanswered messages of its row.
    pub unanswered: i64,
    /// Since when the player waits, by its row.
    pub waiting_since: Option<Micros>,
    /// The last message of its row.
    pub last_message: Option<(Micros, Uuid)>,
    /// The `last_seq` of its row.
    pub last_seq: i64,
    /// The `seq` of its messages, sorted.
    pub seqs: Vec<i64>,
    /// The `seq` of its messages in the order in which a reader saw them that polls for those after
    /// its last.
    pub seen: Vec<i64>,
}

/// A session, without its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its messages.
    pub messages: BTreeSet<(Micros, Uuid)>,
    /// Its status.
    pub status: SessionStatus,
    /// When its first message was accepted.
    pub opened_at: Micros,
    /// When the last message before its end was accepted.
    pub last_message_at: Micros,
    /// When it was resolved.
    pub resolved_at: Option<Micros>,
    /// What staff keeps about it.
    pub facts: Facts,
    /// The status, the resolution and the facts that were announced with the highest version.
    pub announced: Vec<(SessionStatus, Option<Micros>, Facts)>,
}

/// What staff keeps about a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The assignee, and since when.
    pub assignee: Option<(String, Micros)>,
    /// The team.
    pub team: Option<String>,
    /// The tags.
    pub tags: BTreeSet<String>,
    /// The number of the priority.
    pub priority: i16,
}

/// A change of what staff keeps about a session, which names that session or none.
struct Change {
    order: (Micros, Uuid),
    session: Option<Uuid>,
    action: SessionAction,
}

/// What is known of the result: the ids of the sessions, oldest first, and the changes to active that
/// reopened one.
#[derive(Debug, Default)]
pub struct Given {
    pub sessions: Vec<Uuid>,
    pub reopenings: BTreeSet<Uuid>,
}

/// The state of `player`'s conversation after `events`, whose ids are distinct.
pub fn conversation(player: &str, events: &[Event], given: &Given) -> Conversation {
    let mut messages = BTreeSet::new();
    let (mut answers, mut assignments, mut resolutions) = (Vec::new(), Vec::new(), Vec::new());
    let mut changes: Vec<Change> = Vec::new();
    for event in events {
        match event {
            Event::Message(message) if message.player_id.as_str() == player => {
                let message_at = message.accepted_at.timestamp_micros();
                messages.insert((message_at, message.message_id));
                let order = (message_at, message.message_id);
                if message.sender_type == SenderType::Staff {
                    answers.push(message.message_id);
                    if let Some(id) = &message.sender_id {
                        let action = SessionAction::Claim(assignee(id.as_str()));
                        changes.push(Change { order, session: None, action });
                    }
                }
                if let Some(topic) = message.intake.as_ref().and_then(|intake| intake.topic.clone())
                {
                    let action = SessionAction::Route(topic);
                    changes.push(Change { order, session: None, action });
                }
            }
            Event::StatusChange(change) if change.player_id.as_str() == player => {
                let change_at = change.accepted_at.timestamp_micros();
                match (change.status, &change.actor_id) {
                    (RequestedStatus::Active, None) => assignments.push(change_at),
                    (RequestedStatus::Active, Some(actor)) => {
                        let assignee = assignee(actor.as_str());
                        let is_reopening = given.reopenings.contains(&change.change_id);
                        let action = if is_reopening {
                            SessionAction::Assign(assignee)
                        } else {
                            SessionAction::Claim(assignee)
                        };
                        let order = (change_at, change.change_id);
                        changes.push(Change { order, session: None, action });
                    }
                    (RequestedStatus::Resolved, _) => resolutions.push(change_at),
                }
            }
            Event::SessionChange(change) if change.player_id.as_str() == player => {
                changes.push(Change {
                    order: (change.accepted_at.timestamp_micros(), change.change_id),
                    session: change.session_id,
                    action: change.what.clone(),
                });
            }
            _ => {}
        }
    }

    changes.sort_by_key(|change| change.order);

    // A resolution resolves messages that were accepted at the same time.
    let resolution_of =
        |at: Micros| resolutions.iter().copied().filter(|resolution| *resolution >= at).min();
    let mut stretches: Vec<_> = messages.iter().map(|(at, _)| resolution_of(*at)).collect();
    // The stretches are in the order of the messages.
    stretches.dedup();
    let is_answer = |id: &Uuid| answers.contains(id);
    let mut sessions: Vec<Session> = Vec::new();
    for resolved_at in stretches {
        let belongs = |(at, _): &&(Micros, Uuid)| resolution_of(*at) == resolved_at;
        let mut own: BTreeSet<_> = messages.iter().filter(belongs).copied().collect();
        // Staff's messages after a resolution and before the player's next belong to the resolved
        // session.
        if let Some(before) = sessions.last_mut() {
            let first = own.iter().find(|(_, id)| !is_answer(id)).map(|(at, _)| *at);
            let farewells: Vec<_> =
                own.extract_if(.., |(at, _)| first.is_none_or(|first| *at < first)).collect();
            before.messages.extend(farewells);
        }
        let (Some((opened_at, _)), Some((last_message_at, _))) =
            (own.first().copied(), own.last().copied())
        else {
            continue;
        };
        let answered = own.iter().any(|(_, id)| is_answer(id));
        let is_taken = assignments.iter().any(|assigned_at| *assigned_at >= opened_at);
        let id = given.sessions.get(sessions.len()).copied();
        let own_changes = changes.iter().filter(|change| {
            let at = change.order.0;
            resolved_at.is_none_or(|resolved_at| at <= resolved_at)
                && change.session.map_or(at >= opened_at, |named| Some(named) == id)
        });
        let facts = facts(own_changes);
        let status = match resolved_at {
            Some(_) => SessionStatus::Resolved,
            None if answered || is_taken || facts.assignee.is_some() => SessionStatus::Active,
            None => SessionStatus::Pending,
        };
        let announced = vec![(status, resolved_at, facts.clone())];
        sessions.push(Session {
            messages: own,
            status,
            opened_at,
            last_message_at,
            resolved_at,
            facts,
            announced,
        });
    }

    let latest = sessions.last().cloned();
    let open = latest.iter().filter(|session| session.resolved_at.is_none());
    let (answered, asked): (Vec<_>, Vec<_>) =
        open.flat_map(|session| &session.messages).partition(|(_, id)| answers.contains(id));
    let answered_at = answered.into_iter().map(|(at, _)| at).max();
    let waiting = asked.into_iter().map(|(at, _)| at).filter(|at| Some(*at) > answered_at);
    let last_seq = i64::try_from(messages.len()).unwrap();
    Conversation {
        sessions,
        status: latest.as_ref().map(|session| session.status),
        latest,
        unanswered: i64::try_from(waiting.clone().count()).unwrap(),
        waiting_since: waiting.min(),
        last_message: messages.last().copied(),
        last_seq,
        seqs: (1..=last_seq).collect(),
        seen: (1..=last_seq).collect(),
    }
}

/// What staff keeps about a session after its `changes`, in their order.
fn facts<'a>(changes: impl Iterator<Item = &'a Change>) -> Facts {
    let mut facts = Facts::default();
    for Change { order: (at, _), action, .. } in changes {
        let has = |id: &str| facts.assignee.as_ref().is_some_and(|(assignee, _)| assignee == id);
        match action {
            SessionAction::Claim(to) if facts.assignee.is_none() => {
                facts.assignee = Some((to.id.as_str().to_owned(), *at));
            }
            SessionAction::Assign(to) if !has(to.id.as_str()) => {
                facts.assignee = Some((to.id.as_str().to_owned(), *at));
            }
            SessionAction::Claim(_) | SessionAction::Assign(_) => {}
            SessionAction::Release { from: Some(from), .. } if !has(from.as_str()) => {}
            SessionAction::Release { team, .. } => {
                facts.assignee = None;
                if let Some(team) = team {
                    facts.team = Some(team.as_str().to_owned());
                }
            }
            SessionAction::Route(team) if facts.team.is_none() => {
                facts.team = Some(team.as_str().to_owned());
            }
            SessionAction::Route(_) => {}
            SessionAction::Tags { add, remove } => {
                for tag in remove {
                    facts.tags.remove(tag.as_str());
                }
                facts.tags.extend(add.iter().map(|tag| tag.as_str().to_owned()));
            }
            SessionAction::Priority(priority) => facts.priority = priority.number(),
        }
    }
    facts
}

/// The `accepted` messages that are never written, since another message of `stored` has their id.
/// The same message accepted again, even at another time, is not another message.
pub fn rejected(accepted: &[Event], stored: &[Event]) -> BTreeSet<Rejected> {
    let messages = |events: &[Event]| {
        let messages = events.iter().filter_map(|event| match event {
            Event::Message(message) => Some(message.as_ref().clone()),
            _ => None,
        });
        messages.collect::<Vec<Message>>()
    };
    let is_same = |one: &Message, other: &Message| {
        (one.message_id, &one.player_id, one.sender_type, &one.content)
            == (other.message_id, &other.player_id, other.sender_type, &other.content)
    };
    let stored = messages(stored);
    let accepted = messages(accepted).into_iter();
    let rejected = accepted.filter(|message| !stored.iter().any(|stored| is_same(stored, message)));
    rejected.map(|message| (message.message_id, message.player_id.as_str().to_owned())).collect()
}
