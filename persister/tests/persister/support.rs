use shared::chat::{Message, StatusChange, event::Event};
use test_support::{System, body, eventually};

/// A system with its queues made, so that events can be published before a persister runs.
pub async fn system() -> System {
    let system = System::new().await;
    system.persister().await.stop().await;
    system
}

pub fn event(message: &Message) -> Event {
    Event::Message(Box::new(message.clone()))
}

pub fn change(change: &StatusChange) -> Event {
    Event::StatusChange(change.clone())
}

/// Publishes each event in a body of its own.
pub async fn publish_each(system: &System, events: impl IntoIterator<Item = Event>) {
    for event in events {
        system.broker.publish(&body([event])).await;
    }
}

/// Waits until there are `count` messages in the database.
pub async fn until_persisted(system: &System, count: i64) {
    eventually(&format!("{count} messages are persisted"), async || {
        let found = system.database.number("SELECT count(*) FROM chat_messages").await;
        (found == count).then_some(())
    })
    .await;
}

/// Waits until `persisters` persisters wait for a lock in the database, and so hold a batch.
pub async fn until_waiting(system: &System, persisters: i64) {
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually(&format!("{persisters} persisters wait"), async || {
        (system.database.number(waiting).await == persisters).then_some(())
    })
    .await;
}

/// The sessions in order, each as `status:number of messages`.
pub async fn sessions(system: &System) -> Vec<String> {
    system
        .database
        .texts(
            "SELECT status || ':' || (SELECT count(*) FROM chat_messages m WHERE m.session_id = s.id)
             AS text FROM chat_sessions s ORDER BY opened_at",
        )
        .await
}
