//! One conversation: at most one session is open, sessions do not overlap, and it makes no difference whether the events
//! are in one batch or in two.
#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use chat::{Message, PlayerId, RequestedStatus, SenderType, SessionState};
use chrono::{DateTime, Utc};
use libfuzzer_sys::fuzz_target;
use persister::timeline::{PlacedMessage, Session, Timeline};
use chat::{Message, PlayerId, RequestedStatus, SenderType, SessionState, StatusChange};
use uuid::Uuid;

/// The kind of an event, in the order in which a batch applies events of the same time.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    PlayerMessage,
    StaffMessage,
    Activation,
    Resolution,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Event {
    second: u8,
    kind: Kind,
    is_late: bool,
}

/// An event with its id.
type Numbered = (u128, Event);

/// The stored conversation.
#[derive(Default)]
struct Stored {
    sessions: BTreeMap<Uuid, SessionState>,
    messages: BTreeMap<Uuid, (Uuid, PlacedMessage)>,
    changes: Vec<StatusChange>,
}

fn player() -> PlayerId {
    "p1".to_owned().try_into().unwrap()
}

fn time(event: &Event) -> DateTime<Utc> {
    DateTime::from_timestamp(event.second.into(), 0).unwrap()
}

fn message(id: u128, event: &Event) -> Message {
    let sender_type = match event.kind {
        Kind::PlayerMessage => SenderType::Player,
        _ => SenderType::Staff,
    };
    Message {
        message_id: Uuid::from_u128(id),
        player_id: player(),
        player_name: None,
        sender_type,
        sender_id: None,
        sender_name: None,
        content: "hello".to_owned().try_into().unwrap(),
        accepted_at: time(event),
        socket_id: None,
        attachments: Vec::new(),
        intake: None,
        traceparent: None,
    }
}

fn change(id: u128, event: &Event) -> StatusChange {
    StatusChange {
        change_id: Uuid::from_u128(id),
        player_id: player(),
        status: match event.kind {
            Kind::Resolution => RequestedStatus::Resolved,
            _ => RequestedStatus::Active,
        },
        accepted_at: time(event),
        session_id: None,
        last_seq: None,
        actor_id: None,
        actor_name: None,
        traceparent: None,
    }
}

impl Stored {
    fn write(&mut self, mut batch: Vec<Numbered>) {
        batch.sort_by_key(|(id, event)| (event.second, event.kind, *id));
        let mut timeline = Timeline::new(player(), None, self.changes.clone());
        for session in self.sessions.values() {
            timeline.add(session.clone());
            let of_session = self.messages.values().filter(|(id, _)| *id == session.id);
            let of_session = of_session.map(|(_, message)| *message).collect();
            timeline.add_messages(session.id, of_session);
        }
        timeline.expect_changes();
        for (id, event) in batch {
            if matches!(event.kind, Kind::PlayerMessage | Kind::StaffMessage) {
                let message = message(id, &event);
                let seq = i64::try_from(self.messages.len()).unwrap() + 1;
                let session = timeline.place(&message, seq);
                let placed = PlacedMessage {
                    id: message.message_id,
                    accepted_at: message.accepted_at,
                    sender_type: message.sender_type,
                    seq,
                };
                self.messages.insert(message.message_id, (session, placed));
            } else {
                let change = change(id, &event);
                self.changes.push(change.clone());
                timeline.apply(change, false);
            }
        }
        let finalized = timeline.finalize();
        assert!(finalized.ineffective.is_empty(), "a change that names nothing has its effect");
        for (message, session) in finalized.moves {
            self.messages.get_mut(&message).unwrap().0 = session;
        }
        assert_no_overlap(&finalized.sessions);
        for session in finalized.sessions {
            self.sessions.insert(session.state.id, session.state);
        }
        self.sessions.retain(|id, _| self.messages.values().any(|(session, _)| session == id));
        assert!(self.messages.values().all(|(session, _)| self.sessions.contains_key(session)));
    }

    /// The sessions, oldest first, without their ids but with those of their messages.
    fn view(&self) -> Vec<String> {
        let mut sessions: Vec<_> = self.sessions.values().collect();
        sessions.sort_by_key(|session| (session.resolved_at.is_none(), session.resolved_at));
        let view = |session: &&SessionState| {
            let messages = self.messages.iter().filter(|(_, (id, _))| *id == session.id);
            let messages: Vec<_> = messages.map(|(id, _)| id.as_u128()).collect();
            let SessionState { status, opened_at, last_message_at, resolved_at, .. } = session;
            format!("{status:?} {opened_at} {last_message_at} {resolved_at:?} {messages:?}")
        };
        sessions.iter().map(view).collect()
    }
}

fn assert_no_overlap(sessions: &[Session]) {
    for session in sessions {
        let state = &session.state;
        assert!(state.opened_at <= state.last_message_at);
        assert!(state.resolved_at.is_none_or(|at| state.last_message_at <= at));
    }
    for pair in sessions.windows(2) {
        let [earlier, later] = pair else { unreachable!() };
        let resolved_at = earlier.state.resolved_at.expect("only the last session is open");
        assert!(resolved_at < later.state.opened_at);
    }
}

fuzz_target!(|events: Vec<Event>| {
    let events: Vec<Numbered> = (1..).zip(events.into_iter().take(32)).collect();
    let mut at_once = Stored::default();
    at_once.write(events.clone());
    let (late, early) = events.into_iter().partition(|(_, event)| event.is_late);
    let mut in_two = Stored::default();
    in_two.write(early);
    in_two.write(late);
    assert_eq!(in_two.view(), at_once.view());
});
