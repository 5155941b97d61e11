//! A queue with a backlog.

use broker::{ConsumerKind, QueueNames};
use chat::{Content, Message, PlayerId, SenderId, SenderType, event};
use uuid::Uuid;

use crate::testbed::Testbed;

/// Events in one body, as a gateway under load publishes.
const EVENTS_IN_A_BODY: u32 = 64;

/// Publishes `messages` of `players` players, who send in turn, to the queue of `worker`.
///
/// # Errors
/// When RabbitMQ refuses one.
pub async fn fill(
    testbed: &Testbed,
    worker: ConsumerKind,
    messages: u32,
    players: u32,
) -> anyhow::Result<()> {
    let queue = QueueNames::new("chat").queue(worker);
    let mut publisher = testbed.publisher().await?;
    let mut number = 0;
    while number < messages {
        let until = messages.min(number + EVENTS_IN_A_BODY);
        let events = (number..until).map(|number| event(number, players));
        let events = events.collect::<anyhow::Result<Vec<_>>>()?;
        publisher.publish_to_queue(&queue, &event::encode(&events), &[]).await?;
        number = until;
    }
    Ok(())
}

fn event(number: u32, players: u32) -> anyhow::Result<event::EncodedEvent> {
    let player = format!("player-{}", number % players);
    let content = format!("My sword is gone, and that is message {number} about it");
    let (id, sender) = (player.clone(), player.clone());
    let message = Message {
        message_id: Uuid::now_v7(),
        player_id: PlayerId::try_from(id).map_err(anyhow::Error::msg)?,
        player_name: None,
        sender_type: SenderType::Player,
        sender_id: Some(SenderId::try_from(sender).map_err(anyhow::Error::msg)?),
        sender_name: None,
        content: Content::try_from(content).map_err(anyhow::Error::msg)?,
        accepted_at: chat::now(),
        socket_id: None,
        traceparent: None,
    };
    Ok(event::Event::Message(Box::new(message)).encode()?)
}
