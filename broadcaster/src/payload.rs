//! The data of events: for a message the fields of the history, except `sessionId` and `seq`, which only
//! the database has.

use chat::{
    Attachment, Message, MessageRejected, Name, Note, PlayerId, ReadState, RejectionReason,
    SenderId, SenderType,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    message_id: Uuid,
    player_id: &'a PlayerId,
    #[serde(skip_serializing_if = "Option::is_none")]
    player_name: Option<&'a Name>,
    sender_type: SenderType,
    sender_id: Option<&'a SenderId>,
    sender_name: Option<&'a Name>,
    content: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    attachments: &'a [Attachment],
    #[serde(serialize_with = "chat::timestamp::serialize")]
    accepted_at: DateTime<Utc>,
    /// The content is truncated, and the client loads it from the history.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

/// The payload of `message` for staff, in JSON. The content is truncated to fit into `max_bytes` beside the
/// attachments.
///
/// # Errors
/// None in practice: every message can be serialized.
pub fn for_staff(message: &Message, max_bytes: usize) -> Result<String, serde_json::Error> {
    message_payload(message, message.sender_id.as_ref(), max_bytes)
}

/// The payload of `message` for its player, in JSON. The content is truncated to fit into `max_bytes` beside
/// the attachments. Players receive the names of staff, and not their ids.
///
/// # Errors
/// None in practice: every message can be serialized.
pub fn for_player(message: &Message, max_bytes: usize) -> Result<String, serde_json::Error> {
    let sender_id = match message.sender_type {
        SenderType::Player => message.sender_id.as_ref(),
        SenderType::Staff => None,
    };
    message_payload(message, sender_id, max_bytes)
}

fn message_payload(
    message: &Message,
    sender_id: Option<&SenderId>,
    max_bytes: usize,
) -> Result<String, serde_json::Error> {
    let json = |content: &str, truncated, attachments| {
        serde_json::to_string(&Payload {
            message_id: message.message_id,
            player_id: &message.player_id,
            player_name: message.player_name.as_ref(),
            sender_type: message.sender_type,
            sender_id,
            sender_name: message.sender_name.as_ref(),
            content,
            attachments,
            accepted_at: message.accepted_at,
            truncated,
        })
    };
    // Attachments have room but beside names that take six bytes a character: the client loads those from
    // the history, as it does the rest of a content.
    let all = message.attachments.as_slice();
    let is_partial = !all.is_empty() && json("", true, all)?.len() > max_bytes;
    let attachments = if is_partial { &[] } else { all };
    fitting(message.content.as_str(), max_bytes, |content, truncated| {
        json(content, truncated || is_partial, attachments)
    })
}

/// The payload of `note-added`, in JSON. The content is truncated to fit into `max_bytes`; mentions that do
/// not fit even without content are left out.
///
/// # Errors
/// None in practice: every note can be serialized.
pub fn note(note: &Note, max_bytes: usize) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Payload<'a> {
        note_id: Uuid,
        player_id: &'a PlayerId,
        #[serde(skip_serializing_if = "Option::is_none")]
        session_id: Option<Uuid>,
        #[serde(skip_serializing_if = "Option::is_none")]
        author_id: Option<&'a SenderId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        author_name: Option<&'a Name>,
        content: &'a str,
        mentions: &'a [SenderId],
        #[serde(serialize_with = "chat::timestamp::serialize")]
        accepted_at: DateTime<Utc>,
        /// The content is truncated, and the client loads it from the notes.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        truncated: bool,
    }
    let json = |content: &str, truncated, mentions| {
        serde_json::to_string(&Payload {
            note_id: note.note_id,
            player_id: &note.player_id,
            session_id: note.session_id,
            author_id: note.author_id.as_ref(),
            author_name: note.author_name.as_ref(),
            content,
            mentions,
            accepted_at: note.accepted_at,
            truncated,
        })
    };
    let fits = json("", true, &note.mentions)?.len() <= max_bytes;
    let mentions = if fits { note.mentions.as_slice() } else { &[] };
    fitting(note.content.as_str(), max_bytes, |content, truncated| {
        json(content, truncated, mentions)
    })
}

/// What `json` makes of `content`, or of the longest beginning of it with which that takes at most
/// `max_bytes`. `json` is passed whether the content is truncated.
fn fitting(
    content: &str,
    max_bytes: usize,
    json: impl Fn(&str, bool) -> Result<String, serde_json::Error>,
) -> Result<String, serde_json::Error> {
    let whole = json(content, false)?;
    if whole.len() <= max_bytes {
        return Ok(whole);
    }
    let room = max_bytes.saturating_sub(json("", true)?.len());
    json(truncate(content, room), true)
}

/// The payload of `message-rejected`, in JSON.
///
/// # Errors
/// None in practice: every rejection can be serialized.
pub fn rejection(rejected: &MessageRejected) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Payload<'a> {
        message_id: Uuid,
        player_id: &'a PlayerId,
        reason: RejectionReason,
    }
    let MessageRejected { message_id, player_id, reason, .. } = rejected;
    serde_json::to_string(&Payload { message_id: *message_id, player_id, reason: *reason })
}

/// The payload of `read-updated`, in JSON. The player must not learn which member of the staff read.
///
/// # Errors
/// None in practice: every state can be serialized.
pub fn read(state: &ReadState) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Payload<'a> {
        player_id: &'a PlayerId,
        reader_type: SenderType,
        seq: i64,
        message_id: Uuid,
        #[serde(serialize_with = "chat::timestamp::serialize")]
        read_at: DateTime<Utc>,
    }
    let ReadState { player_id, reader, seq, message_id, read_at } = state;
    let reader_type = if reader.is_staff() { SenderType::Staff } else { SenderType::Player };
    let (seq, message_id, read_at) = (*seq, *message_id, *read_at);
    serde_json::to_string(&Payload { player_id, reader_type, seq, message_id, read_at })
}

/// The longest prefix of `text` that takes at most `room` bytes in JSON.
fn truncate(text: &str, room: usize) -> &str {
    let mut bytes = 0;
    let end = text.char_indices().find(|(_, character)| {
        bytes += bytes_in_json(*character);
        bytes > room
    });
    end.and_then(|(position, _)| text.get(..position)).unwrap_or(text)
}

fn bytes_in_json(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..'\u{20}' => 6,
        other => other.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat::{self, FileType};

    const MAX_BYTES: usize = 10_000;

    fn message(content: &str) -> Message {
        Message {
            message_id: Uuid::now_v7(),
            player_id: "p1".to_owned().try_into().unwrap(),
            player_name: Some("n".repeat(128).try_into().unwrap()),
            sender_type: SenderType::Player,
            sender_id: None,
            sender_name: None,
            content: content.to_owned().try_into().unwrap(),
            accepted_at: chat::now(),
            socket_id: None,
            attachments: Vec::new(),
            intake: None,
            traceparent: None,
        }
    }

    /// As large as an attachment gets, but for its size.
    fn attachment(name: &str) -> Attachment {
        Attachment {
            attachment_id: Uuid::now_v7(),
            name: name.to_owned().try_into().unwrap(),
            content_type: FileType::Pdf,
            size: 1_000_000_000,
            width: Some(u32::MAX),
            height: Some(u32::MAX),
            thumbnail: false,
        }
    }

    fn payload(content: &str) -> (String, serde_json::Value) {
        let text = for_staff(&message(content), MAX_BYTES).unwrap();
        let json = serde_json::from_str(&text).unwrap();
        (text, json)
    }

    #[test]
    fn a_content_that_fits_is_not_truncated() {
        let (_, json) = payload("hello");
        assert_eq!(json["content"], "hello");
        assert_eq!(json["senderName"], serde_json::Value::Null);
        assert!(json.get("truncated").is_none());
    }

    #[test]
    fn a_player_receives_the_name_and_not_the_id_of_staff() {
        let (staff, player) = (SenderId::try_from("ada@example.com".to_owned()).unwrap(), "p1");
        let sent = |sender_type, id: SenderId| Message {
            sender_type,
            sender_id: Some(id),
            sender_name: Some("Ada".to_owned().try_into().unwrap()),
            ..message("hello")
        };
        let by_staff = sent(SenderType::Staff, staff);
        let for_staff = for_staff(&by_staff, MAX_BYTES).unwrap();
        let for_its_player = for_player(&by_staff, MAX_BYTES).unwrap();
        assert!(for_staff.contains(r#""senderId":"ada@example.com""#));
        assert_eq!(for_its_player, for_staff.replace(r#""ada@example.com""#, "null"));
        let own = sent(SenderType::Player, player.to_owned().try_into().unwrap());
        assert!(for_player(&own, MAX_BYTES).unwrap().contains(r#""senderId":"p1""#));
    }

    #[test]
    fn both_audiences_receive_the_attachments_of_a_message() {
        let picture = Attachment { thumbnail: true, ..attachment("größe \"1\".png") };
        let sent = Message { attachments: vec![picture.clone()], ..message("look") };
        for text in [for_staff(&sent, MAX_BYTES), for_player(&sent, MAX_BYTES)] {
            let json: serde_json::Value = serde_json::from_str(&text.unwrap()).unwrap();
            assert_eq!(json["attachments"], serde_json::json!([picture]));
            assert_eq!((&json["content"], json.get("truncated")), (&"look".into(), None));
        }
        assert!(!payload("hello").0.contains("attachments"));
    }

    #[test]
    fn five_attachments_with_the_longest_names_are_sent_beside_a_truncated_content() {
        let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let encrypted = pusher::Channels::Encrypted(pusher::MasterKey::parse(&key.into()).unwrap());
        for channels in [pusher::Channels::Private, encrypted] {
            let max_bytes = channels.max_data_bytes();
            let attachments = vec![attachment(&"😀".repeat(200)); Attachment::MAX_OF_MESSAGE];
            let sent = Message {
                player_id: "p".repeat(128).try_into().unwrap(),
                player_name: Some("😀".repeat(128).try_into().unwrap()),
                sender_id: Some("s".repeat(128).try_into().unwrap()),
                sender_name: Some("😀".repeat(128).try_into().unwrap()),
                attachments,
                ..message(&"😀".repeat(4_000))
            };
            let text = for_staff(&sent, max_bytes).unwrap();
            assert!(text.len() <= max_bytes && text.len() > max_bytes - 6, "{}", text.len());
            let sealed = channels.seal(&channels.staff(), &text).into_owned();
            assert!(sealed.len() <= pusher::limits::MAX_DATA_BYTES);
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(json["attachments"], serde_json::json!(sent.attachments));
            assert_eq!(json["truncated"], true);
            assert!(json["content"].as_str().unwrap().chars().count() > 100);
        }
    }

    #[test]
    fn attachments_that_do_not_fit_beside_the_names_are_left_to_the_history() {
        let names = "\u{1}".repeat(126);
        let name = || Some(format!("a{names}a").try_into().unwrap());
        let sent = Message {
            player_name: name(),
            sender_name: name(),
            attachments: vec![attachment(&"😀".repeat(200)); Attachment::MAX_OF_MESSAGE],
            ..message("look")
        };
        let text = for_staff(&sent, 6_000).unwrap();
        assert!(text.len() <= 6_000);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&json["content"], &json["truncated"]), (&"look".into(), &true.into()));
        assert!(json.get("attachments").is_none());
    }

    #[test]
    fn a_content_that_does_not_fit_is_truncated_to_the_limit() {
        for character in ["😀", "\u{1}", "\"", "ä\n"] {
            let content = format!("x{}x", character.repeat(3_998 / character.chars().count()));
            let (text, json) = payload(&content);
            let truncated = json["content"].as_str().unwrap();
            assert!(content.starts_with(truncated), "{character:?}");
            if text.len() > 9_000 {
                assert!(text.len() <= MAX_BYTES && text.len() > MAX_BYTES - 6);
                assert_eq!(json["truncated"], true);
            }
        }
    }
}
