//! Generated cases: events that were accepted at close or equal times, some with the id of another
//! event, which arrive in any order, some more than once.

use std::{collections::BTreeSet, iter::zip};

use chat::{
    Intake, Message, Note, PlayerId, Priority, RequestedStatus, SenderType, SessionAction,
    SessionChange, StatusChange, Tag, Team, event::Event,
};
use proptest::{bool::weighted, collection::vec, option, prelude::*, sample::select};
use test_support::{message_at, status_change};
use uuid::Uuid;

use crate::support::{assignee, note, session_change, staff};

/// One course of events, in few numbers, so that proptest can shrink a failure.
#[derive(Clone, Debug)]
pub struct Case {
    accepted: Vec<Accepted>,
    /// How the arriving events are cut into bodies; repeated cyclically.
    bodies: Vec<Cut>,
    /// The number of persisters.
    pub persisters: usize,
    /// `BATCH_MAX_EVENTS` of persisters that consume a queue.
    pub batch_max_events: usize,
    /// Whether one of them is killed half-way.
    pub killed: bool,
}

#[derive(Clone, Debug)]
struct Accepted {
    player: usize,
    what: What,
    at: i64,
    id: usize,
    /// The positions of its arrivals among those of the other events.
    arrivals: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Message(SenderType, &'static str),
    Change(RequestedStatus, Names),
    SessionChange(Action, bool),
    Note,
}

/// What a change of staff does; the team, tag and member names are fixed.
#[derive(Clone, Copy, Debug)]
enum Action {
    Claim(&'static str),
    Assign(&'static str),
    Release { team: Option<&'static str>, from: Option<&'static str> },
    Route(&'static str),
    Tag { name: &'static str, add: bool },
    Priority(Priority),
}

const MEMBERS: &[&str] = &["ada", "bo", "cy"];
const TEAMS: &[&str] = &["payments", "appeals"];

/// A message of that time. Its sender and its topic follow from the time, so that two messages of
/// one id and one time are the same.
pub fn message_of(player: &str, sender: SenderType, content: &str, at: i64) -> Message {
    let mut message = message_at(player, sender, content, at);
    match sender {
        SenderType::Staff if at % 5 > 0 => {
            message.sender_id = Some(staff(if at % 2 == 0 { "ada" } else { "bo" }));
        }
        SenderType::Player if at % 5 == 0 => {
            let topic = if at % 2 == 0 { "payments" } else { "appeals" };
            let topic = Some(topic.to_owned().try_into().unwrap());
            message.intake = Some(Box::new(Intake { topic, language: None }));
        }
        SenderType::Player | SenderType::Staff => {}
    }
    message
}

/// A status change of that time. Its author follows from the time.
pub fn change_of(player: &str, status: RequestedStatus, at: i64) -> StatusChange {
    let actor_id = (at % 3 > 0).then(|| staff("dee"));
    StatusChange { actor_id, ..status_change(player, status, at) }
}

/// A note of that time.
pub fn note_of(player: &str, at: i64) -> Note {
    note(player, "ada", "asked twice", at)
}

impl Action {
    fn action(self) -> SessionAction {
        let team = |name: &str| Team::try_from(name.to_owned()).unwrap();
        match self {
            Self::Claim(id) => SessionAction::Claim(assignee(id)),
            Self::Assign(id) => SessionAction::Assign(assignee(id)),
            Self::Release { team: to, from } => {
                SessionAction::Release { team: to.map(team), from: from.map(staff) }
            }
            Self::Route(to) => SessionAction::Route(team(to)),
            Self::Tag { name, add } => {
                let tag = vec![Tag::try_from(name.to_owned()).unwrap()];
                let (add, remove) = if add { (tag, Vec::new()) } else { (Vec::new(), tag) };
                SessionAction::Tags { add, remove }
            }
            Self::Priority(priority) => SessionAction::Priority(priority),
        }
    }
}

/// What a change names of what its author saw.
#[derive(Clone, Copy, Debug)]
enum Names {
    Nothing,
    /// A `seq`, which may not exist.
    Seq(i64),
    /// The latest session at the time when the change is first persisted.
    Session,
    /// That session and the last `seq` at that time.
    SessionAndSeq,
}

/// Placeholder of the latest session, until the change is persisted.
pub const LATEST_SESSION: Uuid = Uuid::nil();

/// Placeholder of the last `seq`, until the change is persisted.
pub const LAST_SEQ: i64 = -1;

#[derive(Clone, Copy, Debug)]
struct Cut {
    size: usize,
    dies: bool,
}

/// The events of a case, with players and ids that no other case has.
pub struct Script {
    /// All accepted events, without what changes name.
    pub accepted: Vec<Event>,
    /// The bodies in which they arrive.
    pub bodies: Vec<Body>,
    /// The players of the events.
    pub players: Vec<String>,
}

/// Events that arrive together.
#[derive(Clone, Debug)]
pub struct Body {
    pub events: Vec<Event>,
    /// Whether the first persister to write it dies before it announces the outcome.
    pub dies: bool,
}

const PLAYERS: usize = 3;

/// Three times as many ids as events, so that a few events share one.
const IDS: usize = 120;

/// The strategy of all cases.
pub fn cases() -> impl Strategy<Value = Case> {
    let bodies = (1..=8_usize, weighted(0.2)).prop_map(|(size, dies)| Cut { size, dies });
    (vec(accepted(), 1..=40), vec(bodies, 1..=4), 1..=3_usize, 1..=8_usize, any::<bool>()).prop_map(
        |(accepted, bodies, persisters, batch_max_events, killed)| Case {
            accepted,
            bodies,
            persisters,
            batch_max_events,
            killed,
        },
    )
}

fn accepted() -> impl Strategy<Value = Accepted> {
    let says = |sender| {
        select(&["hello", "anyone?"]).prop_map(move |content| What::Message(sender, content))
    };
    let what = prop_oneof![
        4 => says(SenderType::Player),
        2 => says(SenderType::Staff),
        4 => names().prop_map(|names| What::Change(RequestedStatus::Resolved, names)),
        2 => names().prop_map(|names| What::Change(RequestedStatus::Active, names)),
        5 => (action(), weighted(0.3)).prop_map(|(action, named)| What::SessionChange(action, named)),
        1 => Just(What::Note),
    ];
    let arrivals = prop_oneof![3 => vec(any::<u8>(), 1), 1 => vec(any::<u8>(), 2..=3)];
    (0..PLAYERS, what, 0..20_i64, 0..IDS, arrivals)
        .prop_map(|(player, what, at, id, arrivals)| Accepted { player, what, at, id, arrivals })
}

fn action() -> impl Strategy<Value = Action> {
    let (team, from) = (option::of(select(TEAMS)), option::weighted(0.3, select(MEMBERS)));
    prop_oneof![
        4 => select(MEMBERS).prop_map(Action::Claim),
        2 => select(MEMBERS).prop_map(Action::Assign),
        4 => (team, from).prop_map(|(team, from)| Action::Release { team, from }),
        1 => select(TEAMS).prop_map(Action::Route),
        2 => (select(&["refund", "vip"]), any::<bool>())
            .prop_map(|(name, add)| Action::Tag { name, add }),
        1 => select(&Priority::ALL).prop_map(Action::Priority),
    ]
}

fn names() -> impl Strategy<Value = Names> {
    prop_oneof![
        2 => Just(Names::Nothing),
        1 => (0..12_i64).prop_map(Names::Seq),
        1 => Just(Names::Session),
        2 => Just(Names::SessionAndSeq),
    ]
}

impl Case {
    /// The events of this case.
    pub fn script(&self) -> Script {
        let case = Uuid::now_v7();
        let players: Vec<_> = (0..PLAYERS).map(|player| format!("{case}-{player}")).collect();
        let ids: Vec<_> = (0..IDS).map(|_| Uuid::now_v7()).collect();
        // Messages and changes to active become rows of the changes of staff, with their own ids.
        let [active_ids, desk_ids] =
            [(); 2].map(|()| (0..IDS).map(|_| Uuid::now_v7()).collect::<Vec<_>>());
        let event = |accepted: &Accepted| match accepted.what {
            What::Message(sender, content) => {
                let mut message =
                    message_of(&players[accepted.player], sender, content, accepted.at);
                message.message_id = ids[accepted.id];
                Event::Message(Box::new(message))
            }
            What::Change(status, names) => {
                let mut change = change_of(&players[accepted.player], status, accepted.at);
                let ids = if status == RequestedStatus::Active { &active_ids } else { &ids };
                change.change_id = ids[accepted.id];
                (change.session_id, change.last_seq) = match names {
                    Names::Nothing => (None, None),
                    Names::Seq(seq) => (None, Some(seq)),
                    Names::Session => (Some(LATEST_SESSION), None),
                    Names::SessionAndSeq => (Some(LATEST_SESSION), Some(LAST_SEQ)),
                };
                Event::StatusChange(change)
            }
            What::SessionChange(action, named) => {
                let player = &players[accepted.player];
                let mut change = session_change(player, "ada", action.action(), accepted.at);
                change.change_id = desk_ids[accepted.id];
                change.session_id = named.then_some(LATEST_SESSION);
                Event::SessionChange(Box::new(change))
            }
            What::Note => {
                let mut note = note_of(&players[accepted.player], accepted.at);
                note.note_id = ids[accepted.id];
                Event::Note(Box::new(note))
            }
        };
        let accepted: Vec<_> = self.accepted.iter().map(event).collect();

        let mut arrivals: Vec<_> = zip(&self.accepted, &accepted)
            .flat_map(|(accepted, event)| accepted.arrivals.iter().map(move |at| (at, event)))
            .collect();
        arrivals.sort_by_key(|(at, _)| *at);
        let mut arrivals = arrivals.into_iter().map(|(_, event)| event.clone());
        let bodies = self.bodies.iter().cycle().map_while(|cut| {
            let events: Vec<_> = arrivals.by_ref().take(cut.size).collect();
            (!events.is_empty()).then_some(Body { events, dies: cut.dies })
        });
        let bodies = bodies.collect();
        let accepted = accepted.into_iter().map(unnamed).collect();
        Script { accepted, bodies, players }
    }
}

impl Script {
    /// The ids of all accepted events.
    pub fn ids(&self) -> BTreeSet<Id> {
        self.accepted.iter().map(id).collect()
    }

    /// The first event to arrive with each id.
    pub fn first_to_arrive(&self) -> Vec<Event> {
        let mut ids = BTreeSet::new();
        let arrivals = self.bodies.iter().flat_map(|body| &body.events);
        arrivals.filter(|event| ids.insert(id(event))).cloned().map(unnamed).collect()
    }
}

/// The event without what it names, which its key identifies.
pub fn unnamed(event: Event) -> Event {
    match event {
        Event::StatusChange(change) => {
            Event::StatusChange(StatusChange { session_id: None, last_seq: None, ..change })
        }
        Event::SessionChange(change) => {
            Event::SessionChange(Box::new(SessionChange { session_id: None, ..*change }))
        }
        other => other,
    }
}

/// The kind, the player and the id of an event. A message and a change may have the same id, and so
/// may messages of two players.
pub type Id = (&'static str, String, Uuid);

pub fn id(event: &Event) -> Id {
    let (kind, id) = match event {
        Event::Message(message) => ("message", message.message_id),
        Event::StatusChange(change) => ("change", change.change_id),
        Event::SessionUpdated(session) => ("session", session.id),
        Event::MessageRejected(rejected) => ("rejected", rejected.message_id),
        Event::ConversationRead(read) => ("read", read.read_id),
        Event::ReadMark(mark) => ("mark", mark.message_ids.last().copied().unwrap_or_default()),
        Event::ReadUpdated(state) => ("marked", state.message_id),
        Event::SessionChange(change) => ("session change", change.change_id),
        Event::Note(note) => ("note", note.note_id),
        Event::CannedReplyChange(change) => ("canned reply", change.change_id),
        Event::StaffAvailability(_) | Event::CannedRepliesUpdated(_) => ("staff", Uuid::nil()),
    };
    let player = event.player_id().map_or("", PlayerId::as_str);
    (kind, player.to_owned(), id)
}
