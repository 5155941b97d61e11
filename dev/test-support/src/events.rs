use chat::{
    Attachment, FileType, Message, PlayerId, RequestedStatus, SenderType, StatusChange,
    body::encode, event::Event,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A player's message that is accepted now.
pub fn message(player: &str, content: &str) -> Message {
    message_at(player, SenderType::Player, content, chat::now().timestamp_micros())
}

/// A message that was accepted `micros` after the epoch.
pub fn message_at(player: &str, sender_type: SenderType, content: &str, micros: i64) -> Message {
    Message {
        message_id: Uuid::now_v7(),
        player_id: PlayerId::try_from(player.to_owned()).unwrap(),
        player_name: None,
        sender_type,
        sender_id: None,
        sender_name: None,
        content: content.to_owned().try_into().unwrap(),
        accepted_at: time(micros),
        socket_id: None,
        attachments: Vec::new(),
        intake: None,
        traceparent: None,
    }
}

/// A picture of 1,000 bytes.
pub fn attachment(name: &str) -> Attachment {
    Attachment {
        attachment_id: Uuid::now_v7(),
        name: name.to_owned().try_into().unwrap(),
        content_type: FileType::Png,
        size: 1_000,
        width: Some(640),
        height: Some(480),
        thumbnail: true,
    }
}

/// A status change that was accepted `micros` after the epoch.
pub fn status_change(player: &str, status: RequestedStatus, micros: i64) -> StatusChange {
    StatusChange {
        change_id: Uuid::now_v7(),
        player_id: PlayerId::try_from(player.to_owned()).unwrap(),
        status,
        accepted_at: time(micros),
        session_id: None,
        last_seq: None,
        actor_id: None,
        actor_name: None,
        traceparent: None,
    }
}

/// A body with `events`.
pub fn body(events: impl IntoIterator<Item = Event>) -> Vec<u8> {
    let events: Vec<_> = events.into_iter().map(|event| event.encode().unwrap()).collect();
    encode(&events)
}

fn time(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap()
}
