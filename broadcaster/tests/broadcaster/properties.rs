//! No body in the queue stops the valid ones behind it, and no event reaches the wrong audience.

use broadcaster::events::{PusherEvent, pusher_events};
use broker::ConsumerKind;
use chat::{
    Assignee, AssignmentReason, Availability, CannedRepliesUpdated, CannedReply, CannedReplyChange,
    Content, ConversationRead, Language, Mark, Message, MessageRejected, Name, Note, Priority,
    ReadMark, ReadState, Reader, RejectionReason, RequestedStatus, SenderId, SenderType,
    SessionAction, SessionChange, SessionState, SessionStatus, StaffAvailability, StaffFacts,
    StaffNames, StatusChange, Tag, Team, event::Event,
};
use chrono::{DateTime, Utc};
use proptest::{collection::vec, option, prelude::*};
use pusher::{Channels, limits::MAX_DATA_BYTES};
use serde_json::{Value, json};
use test_support::{
    attachment, body, eventually,
    hostile::{always, any_bytes, nearly, same_cases},
    message,
};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::support::{all_acknowledged, event, system};

#[test]
fn any_bodies_are_consumed_and_valid_ones_behind_them_are_broadcast() {
    let runtime = Runtime::new().unwrap();
    let system = runtime.block_on(system());
    let broadcaster = runtime.block_on(system.broadcaster());
    let bodies = vec(prop_oneof![1 => any_bytes(), 4 => nearly(valid_bodies())], 1..20);
    always(&runtime, 10, &bodies, async |bodies| {
        for body in bodies {
            system.broker.publish(&body).await;
        }
        let content = Uuid::now_v7().to_string();
        system.broker.publish(&body([event("p1", &content)])).await;
        eventually("the valid one is broadcast", async || {
            let events = system.pusher.events().await;
            events.iter().any(|(_, _, data)| data["content"] == content.as_str()).then_some(())
        })
        .await;
        Ok(())
    });
    runtime.block_on(async {
        let queue = system.broker.names().queue(ConsumerKind::Broadcaster);
        system.broker.wait_for_depth(&queue, 0).await;
        broadcaster.stop().await;
        all_acknowledged(&system).await;
    });
}

fn valid_bodies() -> Vec<Value> {
    let message = |sender_type: &str| {
        json!({ "message": {
            "messageId": Uuid::now_v7(), "playerId": "p1", "playerName": "Bo",
            "senderType": sender_type, "senderId": "ada", "senderName": "Ada", "content": "hello",
            "attachments": [attachment("boss.png"), attachment("boss.png")],
            "acceptedAt": "2026-01-01T00:00:00.000001Z", "socketId": "1.2",
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        }})
    };
    let session = json!({ "sessionUpdated": {
        "id": Uuid::now_v7(), "playerId": "p1", "playerName": "Bo", "status": "resolved",
        "openedAt": "2026-01-01T00:00:00Z", "lastMessageAt": "2026-01-01T00:00:00Z",
        "resolvedAt": "2026-01-01T00:00:01Z", "version": 3,
        "actorId": "ada@example.com", "actorName": "Ada", "staleChangeIds": [Uuid::now_v7()],
        "assigneeId": "ada", "assigneeName": "Ada", "assignedAt": "2026-01-01T00:00:00Z",
        "team": "payments", "tags": ["refund"], "priority": "urgent", "language": "de",
    }});
    let note = json!({ "note": {
        "noteId": Uuid::now_v7(), "playerId": "p1", "sessionId": Uuid::now_v7(),
        "authorId": "ada", "authorName": "Ada", "content": "hello", "mentions": ["grace"],
        "acceptedAt": "2026-01-01T00:00:00.000001Z",
    }});
    let replies = json!({ "cannedRepliesUpdated": { "version": 3 } });
    let rejected = json!({ "messageRejected": {
        "messageId": Uuid::now_v7(), "playerId": "p1", "reason": "message-id-taken",
        "acceptedAt": "2026-01-01T00:00:00.000001Z",
    }});
    let read = |reader: &str| {
        json!({ "readUpdated": {
            "playerId": "p1", "reader": reader, "seq": 3, "messageId": Uuid::now_v7(),
            "readAt": "2026-01-01T00:00:00.000001Z",
        }})
    };
    let mark = json!({ "readMark": {
        "playerId": "p1", "reader": "staff:ada", "mark": "read", "messageIds": [Uuid::now_v7()],
        "acceptedAt": "2026-01-01T00:00:00.000001Z",
    }});
    let change = json!({ "statusChange": {
        "changeId": Uuid::now_v7(), "playerId": "p1", "status": "resolved",
        "acceptedAt": "2026-01-01T00:00:01Z",
    }});
    let body = |events: Value| json!({ "version": 1, "events": events });
    let (player, staff) = (message("player"), message("staff"));
    vec![
        body(json!([player])),
        body(json!([session])),
        body(json!([change])),
        body(json!([rejected])),
        body(json!([note, replies, note])),
        body(json!([read("player"), mark, read("player"), read("staff:ada")])),
        body(json!([staff, session, player])),
    ]
}

fn any_sender_id() -> impl Strategy<Value = SenderId> {
    any::<String>().prop_filter_map("not a sender id", |text| SenderId::try_from(text).ok())
}

fn any_name() -> impl Strategy<Value = Name> {
    any::<String>().prop_filter_map("not a name", |text| Name::try_from(text).ok())
}

fn any_content() -> impl Strategy<Value = Content> {
    any::<String>().prop_filter_map("not a content", |text| Content::try_from(text).ok())
}

fn any_slug<T: TryFrom<String> + std::fmt::Debug>() -> impl Strategy<Value = T> {
    "[a-z0-9-]{1,40}".prop_filter_map("not a slug", |text| T::try_from(text).ok())
}

fn any_time() -> impl Strategy<Value = DateTime<Utc>> {
    let micros = 0..4_000_000_000_000_000_i64;
    micros.prop_map(|micros| DateTime::from_timestamp_micros(micros).unwrap())
}

fn any_staff_facts() -> impl Strategy<Value = StaffFacts> {
    let ids = vec(any::<u128>().prop_map(Uuid::from_u128), 0..5);
    let actor = (option::of(any_sender_id()), option::of(any_name()), ids);
    let assignee = (option::of(any_sender_id()), option::of(any_name()), option::of(any_time()));
    let language = "[a-z]{2,3}".prop_map(|tag| Language::try_from(tag).unwrap());
    let facts = (
        option::of(any_slug::<Team>()),
        vec(any_slug::<Tag>(), 0..5),
        proptest::sample::select(&Priority::ALL[..]),
        option::of(language),
    );
    (actor, assignee, facts).prop_map(
        |(
            (actor_id, actor_name, stale_change_ids),
            (assignee_id, assignee_name, assigned_at),
            (team, tags, priority, language),
        )| StaffFacts {
            actor_id,
            actor_name,
            stale_change_ids,
            assignee_id,
            assignee_name,
            assigned_at,
            team,
            tags,
            priority,
            language,
        },
    )
}

/// What a change of each kind does to a session with `staff`.
fn each_action(staff: &StaffFacts) -> Vec<SessionAction> {
    let assignee = |reason| Assignee {
        id: staff.actor_id.clone().unwrap(),
        name: staff.actor_name.clone(),
        reason,
    };
    let team = staff.team.clone();
    let mut actions = vec![
        SessionAction::Claim(assignee(AssignmentReason::Claim)),
        SessionAction::Assign(assignee(AssignmentReason::Manual)),
        SessionAction::Release { team: team.clone(), from: staff.assignee_id.clone() },
        SessionAction::Tags { add: staff.tags.clone(), remove: staff.tags.clone() },
        SessionAction::Priority(staff.priority),
    ];
    actions.extend(team.map(SessionAction::Route));
    actions
}

/// An event of each kind in the conversation of `p1`, with `staff` wherever it names staff, and with
/// `written` wherever staff writes what players must not read.
fn each_kind(staff: &StaffFacts, written: &Content) -> Vec<Event> {
    let id = Uuid::from_u128(7);
    let (actor_id, actor_name) = (staff.actor_id.clone().unwrap(), staff.actor_name.clone());
    let hello = message("p1", "hello");
    let (player_id, accepted_at) = (hello.player_id.clone(), DateTime::UNIX_EPOCH);
    let reader = Reader::Staff(actor_id.clone());
    let mut events = vec![
        Event::Message(Box::new(Message {
            message_id: id,
            sender_type: SenderType::Staff,
            sender_id: Some(actor_id.clone()),
            accepted_at,
            ..hello.clone()
        })),
        Event::StatusChange(StatusChange {
            change_id: id,
            player_id: player_id.clone(),
            status: RequestedStatus::Active,
            accepted_at,
            session_id: None,
            last_seq: None,
            actor_id: Some(actor_id.clone()),
            actor_name: actor_name.clone(),
            traceparent: None,
        }),
        Event::SessionUpdated(Box::new(SessionState {
            id,
            player_id: player_id.clone(),
            player_name: None,
            status: SessionStatus::Active,
            opened_at: accepted_at,
            last_message_at: accepted_at,
            resolved_at: None,
            version: 1,
            staff: staff.clone(),
        })),
        Event::MessageRejected(MessageRejected {
            message_id: id,
            player_id: player_id.clone(),
            reason: RejectionReason::MessageIdTaken,
            accepted_at,
        }),
        Event::ConversationRead(ConversationRead {
            read_id: id,
            player_id: player_id.clone(),
            actor_id: actor_id.clone(),
            actor_name: actor_name.clone(),
            accepted_at,
        }),
        Event::ReadMark(ReadMark {
            player_id: player_id.clone(),
            reader: reader.clone(),
            mark: Mark::Read,
            message_ids: vec![id],
            accepted_at,
            staff_only: false,
        }),
        Event::ReadUpdated(ReadState {
            player_id: player_id.clone(),
            reader,
            seq: 1,
            message_id: id,
            read_at: accepted_at,
        }),
        Event::Note(Box::new(Note {
            note_id: id,
            player_id: player_id.clone(),
            session_id: None,
            author_id: Some(actor_id.clone()),
            author_name: actor_name.clone(),
            content: written.clone(),
            mentions: vec![actor_id.clone()],
            accepted_at,
            traceparent: None,
        })),
        Event::StaffAvailability(Box::new(StaffAvailability {
            staff_id: actor_id.clone(),
            name: actor_name.clone(),
            teams: staff.team.iter().cloned().collect(),
            capacity: None,
            availability: Availability::Online,
            accepted_at,
        })),
        Event::CannedReplyChange(Box::new(CannedReplyChange {
            change_id: id,
            reply_id: id,
            reply: Some(CannedReply {
                shortcut: "refund".to_owned().try_into().unwrap(),
                title: "Refund".to_owned().try_into().unwrap(),
                team: staff.team.clone(),
                bodies: [("de".to_owned().try_into().unwrap(), written.clone())].into(),
            }),
            by: Some(actor_id.clone()),
            accepted_at,
        })),
        Event::CannedRepliesUpdated(CannedRepliesUpdated { version: 1 }),
    ];
    events.extend(each_action(staff).into_iter().map(|what| {
        Event::SessionChange(Box::new(SessionChange {
            change_id: id,
            player_id: player_id.clone(),
            session_id: None,
            what,
            by: Some(actor_id.clone()),
            by_name: actor_name.clone(),
            accepted_at,
            traceparent: None,
        }))
    }));
    // A new kind does not compile here, and belongs into the list above.
    let place = |event: &Event| match event {
        Event::Message(_) => 0,
        Event::StatusChange(_) => 1,
        Event::SessionUpdated(_) => 2,
        Event::MessageRejected(_) => 3,
        Event::ConversationRead(_) => 4,
        Event::ReadMark(_) => 5,
        Event::ReadUpdated(_) => 6,
        Event::Note(_) => 7,
        Event::StaffAvailability(_) => 8,
        Event::CannedReplyChange(_) => 9,
        Event::CannedRepliesUpdated(_) => 10,
        Event::SessionChange(_) => 11,
    };
    let mut places: Vec<_> = events.iter().map(place).collect();
    places.dedup();
    assert!(places.into_iter().eq(0..12));
    events
}

/// The events for the player `p1`, who learns no name of staff, and those for staff.
fn by_audience(event: &Event) -> (Vec<PusherEvent>, Vec<PusherEvent>) {
    by_audience_with(StaffNames::Hidden, event)
}

fn by_audience_with(names: StaffNames, event: &Event) -> (Vec<PusherEvent>, Vec<PusherEvent>) {
    let events = pusher_events(event, &Channels::Private, names).unwrap();
    events.into_iter().partition(|event| event.channel == "private-player-p1")
}

proptest! {
    #![proptest_config(same_cases())]

    /// The player receives the same bytes, whatever the facts are, but for the assignee's name where it
    /// is shown.
    #[test]
    fn no_byte_of_a_sessions_staff_facts_reaches_its_player_but_a_shown_name(
        staff in any_staff_facts(),
        version: i64,
        player_name in option::of(any_name()),
    ) {
        let epoch = message("p1", "hello").accepted_at;
        let state = |staff| Event::SessionUpdated(Box::new(SessionState {
            id: Uuid::from_u128(7),
            player_id: "p1".to_owned().try_into().unwrap(),
            player_name: player_name.clone(),
            status: SessionStatus::Active,
            opened_at: epoch,
            last_message_at: epoch,
            resolved_at: None,
            version,
            staff,
        }));
        let only_name =
            StaffFacts { assignee_name: staff.assignee_name.clone(), ..StaffFacts::default() };
        for (names, expected) in
            [(StaffNames::Hidden, StaffFacts::default()), (StaffNames::Shown, only_name)]
        {
            let (to_player, to_staff) = by_audience_with(names, &state(staff.clone()));
            let (without, _) = by_audience_with(names, &state(expected.clone()));
            let [to_player] = &*to_player else { panic!("{to_player:?}") };
            prop_assert_eq!(to_player, &without[0]);
            let received: SessionState = serde_json::from_str(&to_player.data).unwrap();
            prop_assert_eq!(received.staff, expected);
            let [to_staff] = &*to_staff else { panic!("{to_staff:?}") };
            let received: SessionState = serde_json::from_str(&to_staff.data).unwrap();
            prop_assert_eq!(&received.staff, &staff);
        }
    }

    /// The player receives the same bytes, whichever member of the staff acted and whatever staff wrote.
    #[test]
    fn no_event_of_any_kind_names_staff_or_has_its_notes_for_the_player(
        staff in any_staff_facts(),
        actor_id in any_sender_id(),
        other_id in any_sender_id(),
        written in any_content(),
    ) {
        let staff = StaffFacts {
            actor_id: Some(actor_id),
            team: staff.team.clone().or(Some("payments".to_owned().try_into().unwrap())),
            ..staff
        };
        let other = StaffFacts {
            actor_id: Some(other_id),
            team: Some("appeals".to_owned().try_into().unwrap()),
            ..StaffFacts::default()
        };
        let full = StaffFacts {
            actor_name: Some("Ada".to_owned().try_into().unwrap()),
            stale_change_ids: vec![Uuid::nil()],
            assignee_id: staff.actor_id.clone(),
            assignee_name: Some("Ada".to_owned().try_into().unwrap()),
            assigned_at: Some(DateTime::UNIX_EPOCH),
            tags: vec!["refund".to_owned().try_into().unwrap()],
            priority: Priority::Urgent,
            language: Some("de".to_owned().try_into().unwrap()),
            ..staff.clone()
        };
        let Value::Object(fields) = serde_json::to_value(full).unwrap() else { panic!() };
        prop_assert_eq!(fields.len(), 10);
        let others = each_kind(&other, &"hello".to_owned().try_into().unwrap());
        for (event, other) in each_kind(&staff, &written).iter().zip(others) {
            let (to_player, to_staff) = by_audience(event);
            prop_assert_eq!(&to_player, &by_audience(&other).0);
            for sent in &to_player {
                let data: Value = serde_json::from_str(&sent.data).unwrap();
                let named = fields.keys().find(|field| data.get(field).is_some());
                prop_assert_eq!(named, None, "{} {}", sent.name, sent.data);
            }
            prop_assert!(to_staff.iter().all(|sent| sent.channel == "private-staff-portal"));
            let is_for_staff_alone =
                matches!(event, Event::Note(_) | Event::CannedRepliesUpdated(_));
            if is_for_staff_alone {
                prop_assert_eq!((to_player.len(), to_staff.len()), (0, 1));
            }
            let has_no_event = matches!(
                event,
                Event::SessionChange(_) | Event::StaffAvailability(_) | Event::CannedReplyChange(_)
            );
            if has_no_event {
                prop_assert_eq!((to_player.len(), to_staff.len()), (0, 0));
            }
        }
    }

    /// A note of any length fits into an event, sealed or not, with as much of its content as fits.
    #[test]
    fn a_note_fits_into_its_event(
        written in any_content(),
        length in 1_usize..4_000,
        mentions in vec(any_sender_id(), 0..10),
    ) {
        let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let encrypted = Channels::Encrypted(pusher::MasterKey::parse(&key.into()).unwrap());
        for content in [written, "😀".repeat(length).try_into().unwrap()] {
            let note = Event::Note(Box::new(Note {
                note_id: Uuid::from_u128(7),
                player_id: "p1".to_owned().try_into().unwrap(),
                session_id: Some(Uuid::from_u128(7)),
                author_id: Some("ada".to_owned().try_into().unwrap()),
                author_name: Some("Ada".to_owned().try_into().unwrap()),
                content: content.clone(),
                mentions: mentions.clone(),
                accepted_at: DateTime::UNIX_EPOCH,
                traceparent: None,
            }));
            let sealed = pusher_events(&note, &encrypted, StaffNames::Hidden).unwrap();
            prop_assert!(sealed[0].data.len() <= MAX_DATA_BYTES);
            prop_assert_eq!(sealed[0].channel.as_str(), "private-encrypted-staff-portal");
            prop_assert!(!sealed[0].data.contains(content.as_str()) || content.as_str().len() < 8);
            let plain = pusher_events(&note, &Channels::Private, StaffNames::Hidden).unwrap();
            prop_assert!(plain[0].data.len() <= MAX_DATA_BYTES);
            let data: Value = serde_json::from_str(&plain[0].data).unwrap();
            let sent = data["content"].as_str().unwrap();
            let is_truncated = data["truncated"] == true;
            prop_assert!(content.as_str().starts_with(sent));
            prop_assert_eq!(is_truncated, sent != content.as_str());
            prop_assert!(!is_truncated || plain[0].data.len() > MAX_DATA_BYTES - 4);
        }
    }

    /// Of any length of content, so that the id does not shorten a truncated content either.
    #[test]
    fn no_byte_of_a_staff_members_id_reaches_the_player(
        sender_id in any_sender_id(),
        sender_name in option::of(any_name()),
        length in 1_usize..4_000,
    ) {
        let epoch = message("p1", "hello").accepted_at;
        let by_staff = |sender_id| Event::Message(Box::new(Message {
            message_id: Uuid::from_u128(7),
            sender_type: SenderType::Staff,
            sender_id,
            sender_name: sender_name.clone(),
            accepted_at: epoch,
            ..message("p1", &"😀".repeat(length))
        }));
        let (to_player, to_staff) = by_audience(&by_staff(Some(sender_id.clone())));
        prop_assert_eq!(&to_player, &by_audience(&by_staff(None)).0);
        let data: Value = serde_json::from_str(&to_player[0].data).unwrap();
        prop_assert_eq!(&data["senderId"], &Value::Null);
        let data: Value = serde_json::from_str(&to_staff[0].data).unwrap();
        prop_assert_eq!(data["senderId"].as_str(), Some(sender_id.as_str()));
    }
}
