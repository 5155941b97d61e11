//! A queue with a backlog.

use broker::{ConsumerKind, QueueNames};
use chat::{Content, Mark, Message, PlayerId, ReadMark, Reader, SenderId, SenderType, body, event};
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
    publish(testbed, worker, messages, players, false).await
}

/// The same with a mark after each message: a member of the staff has read it.
///
/// # Errors
/// When RabbitMQ refuses one.
pub async fn fill_with_read_marks(
    testbed: &Testbed,
    messages: u32,
    players: u32,
) -> anyhow::Result<()> {
    publish(testbed, ConsumerKind::Persister, messages, players, true).await
}

async fn publish(
    testbed: &Testbed,
    worker: ConsumerKind,
    messages: u32,
    players: u32,
    with_marks: bool,
) -> anyhow::Result<()> {
    let queue = QueueNames::new("chat").queue(worker);
    let mut publisher = testbed.publisher().await?;
    let mut number = 0;
    while number < messages {
        let until = messages.min(number + EVENTS_IN_A_BODY);
        let mut events = Vec::new();
        for number in number..until {
            let message = message(number, players)?;
            let mark = with_marks.then(|| mark(&message)).transpose()?;
            events.push(event::Event::Message(Box::new(message)).encode()?);
            events.extend(mark);
        }
        publisher.publish_to_queue(&queue, &body::encode(&events), &[]).await?;
        number = until;
    }
    Ok(())
}

fn message(number: u32, players: u32) -> anyhow::Result<Message> {
    let player = format!("player-{}", number % players);
    let content = format!("My sword is gone, and that is message {number} about it");
    let (id, sender) = (player.clone(), player.clone());
    Ok(Message {
        message_id: Uuid::now_v7(),
        player_id: PlayerId::try_from(id).map_err(anyhow::Error::msg)?,
        player_name: None,
        sender_type: SenderType::Player,
        sender_id: Some(SenderId::try_from(sender).map_err(anyhow::Error::msg)?),
        sender_name: None,
        content: Content::try_from(content).map_err(anyhow::Error::msg)?,
        accepted_at: chat::now(),
        socket_id: None,
        attachments: Vec::new(),
        intake: None,
        traceparent: None,
    })
}

fn mark(message: &Message) -> anyhow::Result<event::EncodedEvent> {
    let mark = ReadMark {
        player_id: message.player_id.clone(),
        reader: Reader::try_from("staff:ada".to_owned()).map_err(anyhow::Error::msg)?,
        mark: Mark::Read,
        message_ids: vec![message.message_id],
        accepted_at: chat::now(),
        staff_only: false,
    };
    Ok(event::Event::ReadMark(mark).encode()?)
}
