use chat::{
    Assignee, AssignmentReason, Message, Note, PlayerId, SenderId, SessionAction, SessionChange,
    StatusChange, body::MAX_EVENTS, event::Event,
};
use chrono::DateTime;
use test_support::{System, body, eventually, message};
use uuid::Uuid;

/// A system with its queues, so that events can be published before a persister runs.
pub async fn system() -> System {
    let system = System::new().await;
    system.persister().await.stop().await;
    system
}

/// A message accepted just now, with `name` as the name of its player and its sender.
pub fn named(player: &str, content: &str, name: &str) -> Message {
    let name = || Some(name.to_owned().try_into().unwrap());
    Message { player_name: name(), sender_name: name(), ..message(player, content) }
}

pub fn event(message: &Message) -> Event {
    Event::Message(Box::new(message.clone()))
}

pub fn change(change: &StatusChange) -> Event {
    Event::StatusChange(change.clone())
}

/// A change of what staff keeps about the session, by `by`, that was accepted `micros` after the
/// epoch.
pub fn session_change(player: &str, by: &str, what: SessionAction, micros: i64) -> SessionChange {
    SessionChange {
        change_id: Uuid::now_v7(),
        player_id: PlayerId::try_from(player.to_owned()).unwrap(),
        session_id: None,
        what,
        by: Some(staff(by)),
        by_name: None,
        accepted_at: DateTime::from_timestamp_micros(micros).unwrap(),
        traceparent: None,
    }
}

/// A note by `author` that mentions bo and was accepted `micros` after the epoch.
pub fn note(player: &str, author: &str, content: &str, micros: i64) -> Note {
    Note {
        note_id: Uuid::now_v7(),
        player_id: PlayerId::try_from(player.to_owned()).unwrap(),
        session_id: None,
        author_id: Some(staff(author)),
        author_name: Some(format!("The name of {author}").try_into().unwrap()),
        content: content.to_owned().try_into().unwrap(),
        mentions: vec![staff("bo")],
        accepted_at: DateTime::from_timestamp_micros(micros).unwrap(),
        traceparent: None,
    }
}

pub fn assignee(id: &str) -> Assignee {
    let name = Some(format!("The name of {id}").try_into().unwrap());
    Assignee { id: staff(id), name, reason: AssignmentReason::Claim }
}

/// The id of a member of the staff.
pub fn staff(id: &str) -> SenderId {
    id.to_owned().try_into().unwrap()
}

/// Publishes each event in a body of its own.
pub async fn publish_each(system: &System, events: impl IntoIterator<Item = Event>) {
    for event in events {
        system.broker.publish(&body([event])).await;
    }
}

/// Publishes the events in as few bodies as possible.
pub async fn publish_together(system: &System, events: impl IntoIterator<Item = Event>) {
    let events: Vec<_> = events.into_iter().collect();
    for together in events.chunks(MAX_EVENTS) {
        system.broker.publish(&body(together.to_vec())).await;
    }
}

/// Waits until the database has `count` messages.
pub async fn until_persisted(system: &System, count: i64) {
    eventually(&format!("{count} messages are persisted"), async || {
        let found = system.database.count_messages().await;
        (found == count).then_some(())
    })
    .await;
}

/// Waits until `count` connections wait for a lock in the database. A waiting persister has a
/// batch.
pub async fn until_waiting(system: &System, count: i64) {
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually(&format!("{count} connections wait for a lock"), async || {
        (system.database.number(waiting).await == count).then_some(())
    })
    .await;
}

/// The sessions by time, each as `status:number of messages`.
pub async fn sessions(system: &System) -> Vec<String> {
    system
        .database
        .texts(
            "SELECT status || ':' || (SELECT count(*) FROM chat_messages m WHERE m.session_id = s.id)
             AS text FROM chat_sessions s ORDER BY opened_at",
        )
        .await
}

/// The contents of a player's messages, by `seq`. Asserts that `seq` has no gaps.
pub async fn contents(system: &System, id: &str) -> Vec<String> {
    let messages = format!("FROM chat_messages WHERE player_id = '{id}'");
    let gaps = format!("SELECT max(seq) - count(*) {messages}");
    assert_eq!(system.database.number(&gaps).await, 0);
    system.database.texts(&format!("SELECT content AS text {messages} ORDER BY seq")).await
}
