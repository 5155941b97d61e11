//! The bodies that carry events from service to service.
//!
//! A body is `{"version":1,"events":[…]}` with one event or more, so that one publish and one confirm can
//! cover all waiting events. Each event is an object with its kind as the only key. An unreadable event
//! affects no other: [`decode`] returns it with its own bytes beside the readable ones.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::event::{EncodedEvent, Event};

/// The version of bodies that this release writes, and the only one that it reads.
///
/// A new optional field needs no new version: an older worker ignores it, so workers are upgraded before
/// gateways. A new version is needed when an older worker must not process the body.
pub const VERSION: u64 = 1;

/// The most events of a body. The gateway's largest bodies have fewer.
pub const MAX_EVENTS: usize = 1_000;

/// The most bytes of a body. The gateway's largest bodies are an eighth of it.
pub const MAX_BYTES: usize = 1024 * 1024;

/// The most bytes of events that a service puts together into one body. One event alone may have more.
pub const MAX_BYTES_OF_SEVERAL: usize = 96 * 1024;

/// The end of a body.
const END: &[u8] = b"]}";

/// An event that cannot be decoded.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct UnreadableEvent {
    /// The unchanged event.
    pub event: EncodedEvent,
    /// The decoder's error, without values of the event.
    pub reason: String,
}

/// Why a whole body cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableBody {
    /// It is not JSON, or does not have the form of a body.
    #[error("not a body of events: {0}")]
    Malformed(String),
    /// Another release wrote it, in a form that this one must not process.
    #[error("body version {0} is not known here")]
    UnknownVersion(u64),
    /// It has more than [`MAX_BYTES`].
    #[error("a body of {0} bytes is too large: the limit is {MAX_BYTES}")]
    TooLarge(usize),
    /// It has more than [`MAX_EVENTS`].
    #[error("the body has too many events: the limit is {MAX_EVENTS}")]
    TooManyEvents,
}

/// Encodes events into one body.
pub fn encode<'a, I>(events: I) -> Vec<u8>
where
    I: IntoIterator<Item = &'a EncodedEvent, IntoIter: Clone>,
{
    let events = events.into_iter();
    let start = format!(r#"{{"version":{VERSION},"events":["#);
    let size = start.len() + events.clone().map(EncodedEvent::size).sum::<usize>() + END.len();
    let mut body = Vec::with_capacity(size);
    body.extend_from_slice(start.as_bytes());
    for (position, event) in events.enumerate() {
        if position > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&event.0);
    }
    body.extend_from_slice(END);
    body
}

/// Encodes events into few bodies of at most [`MAX_BYTES_OF_SEVERAL`] and [`MAX_EVENTS`].
pub fn encode_in_parts(events: impl IntoIterator<Item = EncodedEvent>) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    let (mut together, mut size) = (Vec::new(), 0);
    for event in events {
        let is_full = size + event.size() > MAX_BYTES_OF_SEVERAL || together.len() == MAX_EVENTS;
        if is_full && !together.is_empty() {
            bodies.push(encode(&together));
            together.clear();
            size = 0;
        }
        size += event.size();
        together.push(event);
    }
    if !together.is_empty() {
        bodies.push(encode(&together));
    }
    bodies
}

/// Decodes the events of a body. An unreadable event is an item of the result.
///
/// # Errors
/// When the body as a whole cannot be decoded, or is larger than any that a service writes.
pub fn decode(body: &[u8]) -> Result<Vec<Result<Event, UnreadableEvent>>, UnreadableBody> {
    // One pass over a body in which every event is readable, which nearly all are.
    if body.len() <= MAX_BYTES
        && let Ok(text) = str::from_utf8(body)
        && let Ok(Envelope { version: VERSION, events: Bounded::All(events) }) =
            serde_json::from_str(text)
    {
        return Ok(events.into_iter().map(Ok).collect());
    }
    Ok(raw_events(body)?.into_iter().map(decode_one).collect())
}

/// A body with only the event at `position` in `body`, unchanged.
pub fn alone(body: &[u8], position: usize) -> Option<Vec<u8>> {
    let events = raw_events(body).ok()?;
    Some(encode([&EncodedEvent(events.get(position)?.get().as_bytes().to_vec())]))
}

fn raw_events(body: &[u8]) -> Result<Vec<&RawValue>, UnreadableBody> {
    if body.len() > MAX_BYTES {
        return Err(UnreadableBody::TooLarge(body.len()));
    }

    let envelope: Envelope<&RawValue> = serde_json::from_slice(body).map_err(malformed)?;
    if envelope.version != VERSION {
        return Err(UnreadableBody::UnknownVersion(envelope.version));
    }
    match serde_json::from_str(envelope.events.get()).map_err(malformed)? {
        Bounded::All(events) => Ok(events),
        Bounded::TooMany => Err(UnreadableBody::TooManyEvents),
    }
}

/// A body.
#[derive(Deserialize)]
struct Envelope<Events> {
    version: u64,
    events: Events,
}

/// The events of a body, of which [`MAX_EVENTS`] at most are kept.
enum Bounded<T> {
    All(Vec<T>),
    TooMany,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Bounded<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collector<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Collector<T> {
            type Value = Bounded<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a sequence")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut events = Vec::new();
                while let Some(event) = items.next_element()? {
                    if events.len() == MAX_EVENTS {
                        while items.next_element::<IgnoredAny>()?.is_some() {}
                        return Ok(Bounded::TooMany);
                    }
                    events.push(event);
                }
                Ok(Bounded::All(events))
            }
        }

        deserializer.deserialize_seq(Collector(PhantomData))
    }
}

fn decode_one(raw: &RawValue) -> Result<Event, UnreadableEvent> {
    serde_json::from_str(raw.get()).map_err(|error| UnreadableEvent {
        event: EncodedEvent(raw.get().as_bytes().to_vec()),
        reason: without_value(&error.to_string()),
    })
}

fn malformed(error: serde_json::Error) -> UnreadableBody {
    UnreadableBody::Malformed(without_value(&error.to_string()))
}

/// serde's error without the value that it names, which may be a message's content: reasons are logged.
fn without_value(reason: &str) -> String {
    let mut kinds = ["invalid type", "invalid value", "unknown variant", "unknown field"].iter();
    let kind = kinds.find(|kind| reason.starts_with(**kind));
    match (kind, reason.rsplit_once(", expected ")) {
        (Some(kind), Some((_, expected))) => format!("{kind}, expected {expected}"),
        (Some(kind), None) => (*kind).to_owned(),
        (None, _) => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attachment, FileName, FileType, Message, SenderType};
    use proptest::{collection::vec, option, prelude::*, sample::select};
    use strum::IntoEnumIterator;
    use uuid::Uuid;

    fn message(content: &str) -> Event {
        Event::Message(Box::new(Message {
            message_id: Uuid::now_v7(),
            player_id: "p1".to_owned().try_into().unwrap(),
            player_name: None,
            sender_type: SenderType::Player,
            sender_id: None,
            sender_name: None,
            content: content.to_owned().try_into().unwrap(),
            accepted_at: crate::now(),
            socket_id: None,
            attachments: Vec::new(),
            intake: None,
            traceparent: None,
        }))
    }

    #[test]
    fn events_survive_encoding_and_decoding() {
        let events = [message("one"), message("\"two\" \u{1F600}")];
        let encoded: Vec<_> = events.iter().map(|event| event.encode().unwrap()).collect();
        let decoded: Vec<_> = decode(&encode(&encoded)).unwrap();
        let decoded: Vec<_> = decoded.into_iter().map(Result::unwrap).collect();
        assert_eq!(decoded, events);
    }

    /// The event of a message as releases without attachments write it.
    const WITHOUT_ATTACHMENTS: &str = r#"{"message":{"messageId":"0197a2b0-0000-7000-8000-000000000001","playerId":"p1","senderType":"player","content":"hello","acceptedAt":"2026-01-01T00:00:00.000001Z"}}"#;

    #[test]
    fn a_message_without_attachments_has_the_bytes_of_earlier_releases() {
        let event = EncodedEvent(WITHOUT_ATTACHMENTS.as_bytes().to_vec());
        let decoded = decode(&encode([&event])).unwrap().remove(0).unwrap();
        assert!(matches!(&decoded, Event::Message(message) if message.attachments.is_empty()));
        assert_eq!(decoded.encode().unwrap(), event);
    }

    #[test]
    fn an_attachment_that_is_invalid_makes_its_event_alone_unreadable() {
        let good = message("good").encode().unwrap();
        for name in ["../hush.png", "hush\\u0000.png", ""] {
            let file = format!(
                r#""attachments":[{{"attachmentId":"0197a2b0-0000-7000-8000-000000000002","name":"{name}","contentType":"image/png","size":1,"thumbnail":false}}],"acceptedAt""#
            );
            let bad = WITHOUT_ATTACHMENTS.replace(r#""acceptedAt""#, &file);
            let bad = EncodedEvent(bad.into_bytes());
            let events = decode(&encode([&good, &bad])).unwrap();
            assert!(events[0].is_ok());
            let reason = &events[1].as_ref().unwrap_err().reason;
            assert!(reason.starts_with("must ") && !reason.contains("hush"), "{reason}");
        }
    }

    #[test]
    fn an_unreadable_event_affects_no_other() {
        let good = message("good").encode().unwrap();
        for bad in
            [r#"{"message":{}}"#, r#"{"unheardOf":{}}"#, "7", r#"{"message":{"messageId":"x"}}"#]
        {
            let bad = EncodedEvent(bad.as_bytes().to_vec());
            let events = decode(&encode([&good, &bad, &good])).unwrap();
            assert!(events[0].is_ok() && events[2].is_ok());
            assert_eq!(events[1].as_ref().unwrap_err().event, bad);
        }
    }

    #[test]
    fn a_body_of_one_event_keeps_its_unknown_fields() {
        let later = EncodedEvent(br#"{"message":{"ofALaterRelease":1}}"#.to_vec());
        let events = [message("one").encode().unwrap(), later, message("three").encode().unwrap()];
        let body = encode(&events);
        let alone: Vec<_> = (0..3).map(|position| alone(&body, position)).collect();
        assert_eq!(alone, events.map(|event| Some(encode([&event]))));
    }

    #[test]
    fn errors_name_no_value_of_the_body() {
        for event in [
            r#"{"message":"hush"}"#,
            r#"{"hush":{}}"#,
            r#"{"message":{"messageId":["hush, expected nothing"]}}"#,
            r#"{"message":{"senderType":"hush"}}"#,
            r#""hush""#,
        ] {
            let events = decode(&encode([&EncodedEvent(event.as_bytes().to_vec())])).unwrap();
            let reason = &events[0].as_ref().unwrap_err().reason;
            assert!(reason.contains("expected") && !reason.contains("hush"), "{event}: {reason}");
        }
        for body in [r#""hush""#, r#"{"version":"hush"}"#, r#"{"version":1,"events":"hush"}"#] {
            let reason = decode(body.as_bytes()).unwrap_err().to_string();
            assert!(reason.contains("expected") && !reason.contains("hush"), "{body}: {reason}");
        }
    }

    /// Older releases forwarded invalid ones.
    #[test]
    fn a_message_with_an_invalid_traceparent_is_readable() {
        let event = String::from_utf8(message("hello").encode().unwrap().0).unwrap();
        for (trace, is_valid) in [
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true),
            ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false),
            ("00-00000000000000000000000000000000-0000000000000000-00", false),
        ] {
            let traced = event.replace("}}", &format!(r#","traceparent":"{trace}"}}}}"#));
            let events = decode(&encode([&EncodedEvent(traced.into_bytes())])).unwrap();
            let subject = events[0].as_ref().unwrap().subject();
            assert_eq!(subject.traced().is_some(), is_valid, "{trace}");
        }
    }

    #[test]
    fn a_body_with_more_events_than_a_service_writes_is_unreadable_as_a_whole() {
        let event = EncodedEvent(b"7".to_vec());
        let largest = encode(std::iter::repeat_n(&event, MAX_EVENTS));
        assert_eq!(decode(&largest).unwrap().len(), MAX_EVENTS);
        for count in [MAX_EVENTS + 1, 100_000] {
            let body = encode(std::iter::repeat_n(&event, count));
            assert!(matches!(decode(&body), Err(UnreadableBody::TooManyEvents)), "{count}");
        }
    }

    #[test]
    fn a_body_of_more_than_a_mebibyte_is_unreadable_as_a_whole() {
        let mut body = encode([&message("hello").encode().unwrap()]);
        body.resize(MAX_BYTES, b' ');
        assert_eq!(decode(&body).unwrap().len(), 1);
        body.push(b' ');
        assert!(matches!(decode(&body), Err(UnreadableBody::TooLarge(_))));
    }

    #[test]
    fn a_rejected_message_survives_decoding_and_encoding() {
        let rejected = r#"{"messageRejected":{"messageId":"0197a2b0-0000-7000-8000-000000000001","playerId":"p1","reason":"message-id-taken","acceptedAt":"2026-01-01T00:00:00.000001Z"}}"#;
        let event = EncodedEvent(rejected.as_bytes().to_vec());
        let decoded = decode(&encode([&event])).unwrap().remove(0).unwrap();
        assert_eq!(decoded.encode().unwrap(), event);
    }

    #[test]
    fn a_read_of_a_conversation_survives_decoding_and_encoding() {
        let read = r#"{"conversationRead":{"readId":"0197a2b0-0000-7000-8000-000000000001","playerId":"p1","actorId":"ada@example.com","actorName":"Ada","acceptedAt":"2026-01-01T00:00:00.000001Z"}}"#;
        let event = EncodedEvent(read.as_bytes().to_vec());
        let decoded = decode(&encode([&event])).unwrap().remove(0).unwrap();
        assert!(
            matches!(&decoded, Event::ConversationRead(read) if read.player_id.as_str() == "p1")
        );
        assert_eq!(decoded.encode().unwrap(), event);
    }

    #[test]
    fn an_unknown_version_is_rejected() {
        let body = br#"{"version":2,"events":{"of":"another form"}}"#;
        assert!(matches!(decode(body), Err(UnreadableBody::UnknownVersion(2))));
    }

    #[test]
    fn a_malformed_body_is_rejected() {
        for body in [&b"not json"[..], b"{}", b"\xff\xfe", b"{\"version\":1}", b"[]", b""] {
            assert!(matches!(decode(body), Err(UnreadableBody::Malformed(_))), "{body:?}");
        }
    }

    fn any_attachment() -> impl Strategy<Value = Attachment> {
        let name = any::<String>().prop_filter_map("no name", |name| FileName::try_from(name).ok());
        let file_type = select(FileType::iter().collect::<Vec<_>>());
        let pixels = || option::of(any::<u32>());
        let facts =
            (any::<u128>(), name, file_type, any::<u64>(), (pixels(), pixels()), any::<bool>());
        facts.prop_map(|(id, name, content_type, size, (width, height), thumbnail)| Attachment {
            attachment_id: Uuid::from_u128(id),
            name,
            content_type,
            size,
            width,
            height,
            thumbnail,
        })
    }

    proptest! {
        #[test]
        fn a_message_with_any_attachments_survives_encoding_and_decoding(
            attachments in vec(any_attachment(), 0..=Attachment::MAX_OF_MESSAGE),
        ) {
            let Event::Message(sent) = message("look") else { panic!() };
            let event = Event::Message(Box::new(Message { attachments, ..*sent }));
            let decoded = decode(&encode([&event.encode().unwrap()])).unwrap().remove(0).unwrap();
            prop_assert_eq!(decoded, event);
        }

        #[test]
        fn no_bytes_make_decoding_panic(body: Vec<u8>) {
            drop(decode(&body));
        }
    }
}
