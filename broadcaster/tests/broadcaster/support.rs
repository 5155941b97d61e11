use broker::ConsumerKind;
use chat::event::Event;
use test_support::{System, eventually, message};

/// A player's message.
pub fn event(player: &str, content: &str) -> Event {
    Event::Message(Box::new(message(player, content)))
}

/// A system with its queues made, so that events can be published before a broadcaster runs.
pub async fn system() -> System {
    let system = System::new().await;
    system.broadcaster().await.stop().await;
    system
}

/// Waits until Pusher has accepted `count` events, without probes.
pub async fn until_accepted(system: &System, count: u64) {
    eventually(&format!("Pusher has accepted {count} events"), async || {
        let accepted = system.pusher.accepted().await;
        let probes = accepted["byEvent"]["probe"].as_u64().unwrap_or_default();
        (accepted["events"] == count + probes).then_some(())
    })
    .await;
}

/// Waits until Pusher has responded to a call with `status`.
pub async fn until_responded(system: &System, status: u16) {
    eventually(&format!("Pusher has responded with {status}"), async || {
        let accepted = system.pusher.accepted().await;
        accepted["byStatus"][status.to_string()].as_u64()
    })
    .await;
}

/// The number of dead letters.
pub async fn dead_letters(system: &System) -> Option<u32> {
    system.broker.depth(&system.broker.names().dead_letters(ConsumerKind::Broadcaster)).await
}

/// Asserts that the queue is empty after the broadcaster has stopped.
pub async fn all_acknowledged(system: &System) {
    let queue = system.broker.names().queue(ConsumerKind::Broadcaster);
    assert_eq!(system.broker.depth(&queue).await, Some(0));
}
