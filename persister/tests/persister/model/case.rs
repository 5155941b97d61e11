//! What may happen: events that were accepted at close or equal times, some of them under an id that
//! another has, which arrive in any order, some more than once.

use std::{collections::BTreeSet, iter::zip};

use chat::{RequestedStatus, SenderType, StatusChange, event::Event};
use proptest::{bool::weighted, collection::vec, prelude::*, sample::select};
use test_support::{message_at, status_change};
use uuid::Uuid;

/// One course of events, as few numbers as will do, so that a failure can be made small and read.
#[derive(Clone, Debug)]
pub struct Case {
    accepted: Vec<Accepted>,
    /// How what arrives is cut into bodies, over and over.
    bodies: Vec<Cut>,
    /// How many persisters there are.
    pub persisters: usize,
    /// How many events each takes together at most, where that is for it to decide.
    pub batch_max_events: usize,
    /// Whether one of them is killed half way.
    pub killed: bool,
}

#[derive(Clone, Debug)]
struct Accepted {
    player: usize,
    what: What,
    at: i64,
    id: usize,
    /// When it arrives, as often as it does, beside the arrivals of the others.
    arrives: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Says(SenderType, &'static str),
    Asks(RequestedStatus, Names),
}

/// What a change names.
#[derive(Clone, Copy, Debug)]
enum Names {
    Nothing,
    /// Some `seq`, whether or not there is such a message.
    Seq(i64),
    /// The latest session as of when the change is first persisted.
    Session,
    /// That session and the last `seq` as of then.
    AllThatIsThere,
}

/// Stands for the latest session until the change is about to be persisted.
pub const LATEST_SESSION: Uuid = Uuid::nil();

/// Stands for the last `seq` until the change is about to be persisted.
pub const LAST_SEQ: i64 = -1;

#[derive(Clone, Copy, Debug)]
struct Cut {
    size: usize,
    dies: bool,
}

/// A case written out, with players and ids that no other has.
pub struct Script {
    /// All that was accepted, without what changes name.
    pub accepted: Vec<Event>,
    /// How it arrives.
    pub bodies: Vec<Body>,
    /// Whom it concerns.
    pub players: Vec<String>,
}

/// What arrives together.
#[derive(Clone, Debug)]
pub struct Body {
    /// What is in it.
    pub events: Vec<Event>,
    /// Whether the first to take it dies once it is written and before anybody is told.
    pub dies: bool,
}

const PLAYERS: usize = 3;

/// Three times as many as events, so that a few share one.
const IDS: usize = 120;

/// Any case.
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
    let says = |sender| select(&["hello", "anyone?"]).prop_map(move |it| What::Says(sender, it));
    let what = prop_oneof![
        4 => says(SenderType::Player),
        2 => says(SenderType::Staff),
        4 => names().prop_map(|names| What::Asks(RequestedStatus::Resolved, names)),
        2 => names().prop_map(|names| What::Asks(RequestedStatus::Active, names)),
    ];
    let arrives = prop_oneof![3 => vec(any::<u8>(), 1), 1 => vec(any::<u8>(), 2..=3)];
    (0..PLAYERS, what, 0..20_i64, 0..IDS, arrives)
        .prop_map(|(player, what, at, id, arrives)| Accepted { player, what, at, id, arrives })
}

fn names() -> impl Strategy<Value = Names> {
    prop_oneof![
        2 => Just(Names::Nothing),
        1 => (0..12_i64).prop_map(Names::Seq),
        1 => Just(Names::Session),
        2 => Just(Names::AllThatIsThere),
    ]
}

impl Case {
    /// Writes it out.
    pub fn script(&self) -> Script {
        let case = Uuid::now_v7();
        let players: Vec<_> = (0..PLAYERS).map(|player| format!("{case}-{player}")).collect();
        let ids: Vec<_> = (0..IDS).map(|_| Uuid::now_v7()).collect();
        let event = |it: &Accepted| match it.what {
            What::Says(sender, content) => {
                let mut message = message_at(&players[it.player], sender, content, it.at);
                message.message_id = ids[it.id];
                Event::Message(Box::new(message))
            }
            What::Asks(status, names) => {
                let mut change = status_change(&players[it.player], status, it.at);
                change.change_id = ids[it.id];
                (change.session_id, change.last_seq) = match names {
                    Names::Nothing => (None, None),
                    Names::Seq(seq) => (None, Some(seq)),
                    Names::Session => (Some(LATEST_SESSION), None),
                    Names::AllThatIsThere => (Some(LATEST_SESSION), Some(LAST_SEQ)),
                };
                Event::StatusChange(change)
            }
        };
        let accepted: Vec<_> = self.accepted.iter().map(event).collect();

        let mut arrivals: Vec<_> = zip(&self.accepted, &accepted)
            .flat_map(|(it, event)| it.arrives.iter().map(move |moment| (moment, event)))
            .collect();
        arrivals.sort_by_key(|(moment, _)| *moment);
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
    /// The ids of all that was accepted.
    pub fn ids(&self) -> BTreeSet<Id> {
        self.accepted.iter().map(id).collect()
    }

    /// The event that arrives first under each id.
    pub fn first_to_arrive(&self) -> Vec<Event> {
        let mut ids = BTreeSet::new();
        let arrivals = self.bodies.iter().flat_map(|body| &body.events);
        arrivals.filter(|event| ids.insert(id(event))).cloned().map(unnamed).collect()
    }
}

/// The event without what it names: by its id it is the same.
pub fn unnamed(event: Event) -> Event {
    match event {
        Event::StatusChange(change) => {
            Event::StatusChange(StatusChange { session_id: None, last_seq: None, ..change })
        }
        other => other,
    }
}

/// Tells an event from every other; a message and a change may have the same.
pub type Id = (&'static str, Uuid);

/// The event's id.
pub fn id(event: &Event) -> Id {
    match event {
        Event::Message(message) => ("message", message.message_id),
        Event::StatusChange(change) => ("change", change.change_id),
        Event::SessionUpdated(session) => ("session", session.id),
        Event::MessageRejected(rejected) => ("rejected", rejected.message_id),
        Event::ConversationRead(read) => ("read", read.read_id),
    }
}
