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

/// Waits until Pusher has taken `count` events, probes aside.
pub async fn until_accepted(system: &System, count: u64) {
    eventually(&format!("Pusher has taken {count} events"), async || {
        let accepted = system.pusher.accepted().await;
        let probes = accepted["byEvent"]["probe"].as_u64().unwrap_or_default();
        (accepted["events"] == count + probes).then_some(())
    })
    .await;
}

/// Waits until Pusher has answered a call with `status`.
pub async fn until_answered(system: &System, status: u16) {
    eventually(&format!("Pusher has answered {status}"), async || {
        let accepted = system.pusher.accepted().await;
        accepted["byStatus"][status.to_string()].as_u64()
    })
    .await;
}

/// How many dead letters there are.
pub async fn dead(system: &System) -> Option<u32> {
    system.broker.depth(&system.broker.names().dead_letters(ConsumerKind::Broadcaster)).await
}

/// That nothing is left in the queue once the broadcaster has stopped.
pub async fn all_acknowledged(system: &System) {
    let queue = system.broker.names().queue(ConsumerKind::Broadcaster);
    assert_eq!(system.broker.depth(&queue).await, Some(0));
}
