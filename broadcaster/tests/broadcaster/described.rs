//! docs/events.json describes each event that the broadcaster sends, with and without optional fields.

use std::collections::BTreeSet;

use broadcaster::{
    digest::{Digest, Entry},
    events::{PusherEvent, pusher_events},
    retrying_pusher::Origin,
};
use chat::{
    self, Attachment, CannedRepliesUpdated, FileType, Message, MessageRejected, Note, Priority,
    ReadState, RejectionReason, SenderType, SessionState, SessionStatus, StaffFacts, StaffNames,
    Subject, event::Event,
};
use pusher::Channels;
use serde_json::{Value, json};
use strum::IntoEnumIterator;
use test_support::attachment;
use uuid::Uuid;

const CHANNELS: Channels = Channels::Private;

fn description() -> Value {
    serde_json::from_str(include_str!("../../../docs/events.json")).unwrap()
}

/// A message with or without its optional fields.
fn message(sender_type: SenderType, is_full: bool, content: &str) -> Message {
    let name = || is_full.then(|| "Ada".to_owned().try_into().unwrap());
    Message {
        message_id: Uuid::now_v7(),
        player_id: "p1".to_owned().try_into().unwrap(),
        player_name: name(),
        sender_type,
        sender_id: is_full.then(|| "ada".to_owned().try_into().unwrap()),
        sender_name: name(),
        content: content.to_owned().try_into().unwrap(),
        accepted_at: chat::now(),
        socket_id: None,
        attachments: if is_full { files(sender_type) } else { Vec::new() },
        intake: None,
        traceparent: None,
    }
}

/// Pictures of each type for a player, and the other types of files for staff.
fn files(sender_type: SenderType) -> Vec<Attachment> {
    let file = |content_type: FileType| Attachment {
        content_type,
        width: content_type.is_picture().then_some(640),
        height: content_type.is_picture().then_some(480),
        thumbnail: content_type.is_picture(),
        ..attachment("boss.png")
    };
    let is_sent = |file: &FileType| file.is_picture() == (sender_type == SenderType::Player);
    FileType::iter().filter(is_sent).map(file).collect()
}

fn session(status: SessionStatus, is_full: bool) -> SessionState {
    let now = chat::now();
    let staff = StaffFacts {
        actor_id: Some("ada".to_owned().try_into().unwrap()),
        actor_name: Some("Ada".to_owned().try_into().unwrap()),
        stale_change_ids: vec![Uuid::now_v7()],
        assignee_id: Some("ada".to_owned().try_into().unwrap()),
        assignee_name: Some("Ada".to_owned().try_into().unwrap()),
        assigned_at: Some(now),
        team: Some("payments".to_owned().try_into().unwrap()),
        tags: vec!["refund".to_owned().try_into().unwrap()],
        priority: Priority::Urgent,
        language: Some("de".to_owned().try_into().unwrap()),
    };
    SessionState {
        id: Uuid::now_v7(),
        player_id: "p1".to_owned().try_into().unwrap(),
        player_name: is_full.then(|| "Bo".to_owned().try_into().unwrap()),
        status,
        opened_at: now,
        last_message_at: now,
        resolved_at: is_full.then_some(now),
        version: 3,
        staff: if is_full { staff } else { StaffFacts::default() },
    }
}

fn note(is_full: bool, content: &str) -> Note {
    Note {
        note_id: Uuid::now_v7(),
        player_id: "p1".to_owned().try_into().unwrap(),
        session_id: is_full.then(Uuid::now_v7),
        author_id: is_full.then(|| "ada".to_owned().try_into().unwrap()),
        author_name: is_full.then(|| "Ada".to_owned().try_into().unwrap()),
        content: content.to_owned().try_into().unwrap(),
        mentions: if is_full { vec!["grace".to_owned().try_into().unwrap()] } else { Vec::new() },
        accepted_at: chat::now(),
        traceparent: None,
    }
}

fn read(reader: &str) -> Event {
    Event::ReadUpdated(ReadState {
        player_id: "p1".to_owned().try_into().unwrap(),
        reader: reader.to_owned().try_into().unwrap(),
        seq: 1,
        message_id: Uuid::now_v7(),
        read_at: chat::now(),
    })
}

fn digest(is_full: bool) -> PusherEvent {
    let mut digest = Digest::default();
    let origin = Origin { tag: 1, position: 0, accepted_at: None, subject: Subject::default() };
    digest.add(Entry::Message(&message(SenderType::Player, is_full, "hello")), origin);
    if is_full {
        digest.add(Entry::Note(&note(true, "hello")), origin);
    }
    digest.into_job(&CHANNELS).event
}

/// Each kind of event.
fn events() -> Vec<PusherEvent> {
    let long = "\u{1F5E1}".repeat(4_000);
    let rejected = MessageRejected {
        message_id: Uuid::now_v7(),
        player_id: "p1".to_owned().try_into().unwrap(),
        reason: RejectionReason::MessageIdTaken,
        accepted_at: chat::now(),
    };
    let updated = CannedRepliesUpdated { version: 3 };
    let mut events = vec![Event::MessageRejected(rejected), Event::CannedRepliesUpdated(updated)];
    events.extend(["player", "staff:ada"].map(read));
    for is_full in [false, true] {
        for content in ["hello", &long] {
            for sender in [SenderType::Player, SenderType::Staff] {
                events.push(Event::Message(Box::new(message(sender, is_full, content))));
            }
            events.push(Event::Note(Box::new(note(is_full, content))));
        }
        for status in SessionStatus::ALL {
            events.push(Event::SessionUpdated(Box::new(session(status, is_full))));
        }
    }
    let mut sent: Vec<_> = events
        .iter()
        .flat_map(|event| pusher_events(event, &CHANNELS, StaffNames::Shown).unwrap())
        .collect();
    sent.extend([false, true].map(digest));
    sent
}

/// The schema of an event on a channel.
fn schema<'a>(description: &'a Value, event: &PusherEvent) -> &'a Value {
    let is_staff = event.channel == "private-staff-portal";
    let channel = if is_staff { "staff" } else { "player" };
    let messages = description["channels"][channel]["messages"].as_object().unwrap();
    let message = messages.keys().map(|key| &description["components"]["messages"][key]);
    let message = message.clone().find(|message| message["name"] == event.name);
    let name = message.unwrap()["payload"]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
    &description["components"]["schemas"][name]
}

/// The fields of `body` that `schema` does not describe.
fn undescribed(schema: &Value, body: &Value) -> Vec<String> {
    let Value::Object(fields) = body else { return Vec::new() };
    let of_field = |(name, value): (&String, &Value)| match &schema["properties"][name] {
        Value::Null => vec![name.clone()],
        property => {
            let items = value.as_array().into_iter().flatten();
            items.flat_map(|item| undescribed(&property["items"], item)).collect()
        }
    };
    fields.iter().flat_map(of_field).collect()
}

#[test]
fn every_event_matches_its_description() {
    let description = description();
    let mut fields = BTreeSet::new();
    for event in events() {
        let body: Value = serde_json::from_str(&event.data).unwrap();
        let schema = schema(&description, &event);
        let validator = jsonschema::validator_for(schema).unwrap();
        let errors: Vec<_> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{} {body}", event.name);
        assert_eq!(undescribed(schema, &body), Vec::<String>::new(), "{} {body}", event.name);
        fields.extend(body.as_object().unwrap().keys().cloned());
    }
    // The samples above have each described field.
    let schemas = description["components"]["schemas"].as_object().unwrap();
    let described = schemas.values().flat_map(|schema| schema["properties"].as_object().unwrap());
    let described: BTreeSet<_> = described.map(|(name, _)| name.clone()).collect();
    assert_eq!(fields, described);
}

#[test]
fn data_without_a_field_or_with_another_form_of_time_does_not_match() {
    let description = description();
    let event = events().into_iter().find(|event| event.name == "message-sent").unwrap();
    let validator = jsonschema::validator_for(schema(&description, &event)).unwrap();
    let body: Value = serde_json::from_str(&event.data).unwrap();
    assert!(validator.is_valid(&body));
    for (field, wrong) in [("acceptedAt", json!("2026-01-01T12:00:00Z")), ("content", json!(null))]
    {
        let mut body = body.clone();
        body[field] = wrong;
        assert!(!validator.is_valid(&body), "{field}");
    }
    let mut lacking = body;
    lacking.as_object_mut().unwrap().remove("senderId");
    assert!(!validator.is_valid(&lacking));
}
