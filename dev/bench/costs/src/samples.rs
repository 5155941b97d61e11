//! Constant input: other bytes would cost other instructions.

use chat::{Message, SenderType, event::Event};
use chrono::DateTime;
use uuid::Uuid;

/// The number of players, who send in turn.
pub const PLAYERS: usize = 100;

/// The content of a message.
pub const CONTENT: &str =
    "My sword is gone, since yesterday. \u{1F622} Can you look where it went?";

/// The id of a player.
pub fn player(number: usize) -> String {
    format!("player-{}", number % PLAYERS)
}

/// The message with this number; each is different.
pub fn message(number: usize) -> anyhow::Result<Message> {
    let player = player(number);
    let seconds = 1_700_000_000 + i64::try_from(number)?;
    Ok(Message {
        message_id: Uuid::from_u128(0x018b_cfe5_6800_7000_8000_0000_0000_0000 + number as u128),
        player_id: player.clone().try_into()?,
        player_name: Some("Bo".to_owned().try_into()?),
        sender_type: SenderType::Player,
        sender_id: Some(player.try_into()?),
        sender_name: Some("Bo".to_owned().try_into()?),
        content: CONTENT.to_owned().try_into()?,
        accepted_at: DateTime::from_timestamp(seconds, 123_456_000).unwrap_or_default(),
        socket_id: Some("1234.5678".to_owned().try_into()?),
        attachments: Vec::new(),
        intake: None,
        traceparent: None,
    })
}

/// The first `count` messages as events.
pub fn events(count: usize) -> anyhow::Result<Vec<Event>> {
    (0..count).map(|number| Ok(Event::Message(Box::new(message(number)?)))).collect()
}
