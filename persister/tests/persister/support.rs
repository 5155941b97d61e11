use shared::{
    broker::Worker,
    chat::{Message, StatusChange, event::Event},
};
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

/// Has `persisters` persisters at once work the queue off, until every body in it is acknowledged.
pub async fn work_off(system: &System, persisters: usize) {
    let queue = system.broker.names().queue(Worker::Persister);
    loop {
        let mut running = Vec::new();
        for _ in 0..persisters {
            running.push(system.persister().await);
        }
        system.broker.wait_for_depth(&queue, 0).await;
        // Whoever stops finishes what it holds or gives it back.
        for persister in running {
            persister.stop().await;
        }
        if system.broker.depth(&queue).await == Some(0) {
            return;
        }
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
