//! No body in the queue stops the valid ones behind it, and no event reaches the wrong audience.

use broadcaster::events::{PusherEvent, pusher_events};
use broker::ConsumerKind;
use chat::{
    Message, Name, SenderId, SenderType, SessionState, SessionStatus, StaffFacts, event::Event,
};
use proptest::{collection::vec, option, prelude::*};
use pusher::Channels;
use serde_json::{Value, json};
use test_support::{
    body, eventually,
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
    always(&runtime, 40, &bodies, async |bodies| {
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
            "acceptedAt": "2026-01-01T00:00:00.000001Z", "socketId": "1.2",
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        }})
    };
    let session = json!({ "sessionUpdated": {
        "id": Uuid::now_v7(), "playerId": "p1", "playerName": "Bo", "status": "resolved",
        "openedAt": "2026-01-01T00:00:00Z", "lastMessageAt": "2026-01-01T00:00:00Z",
        "resolvedAt": "2026-01-01T00:00:01Z", "version": 3,
        "actorId": "ada@example.com", "actorName": "Ada", "staleChangeIds": [Uuid::now_v7()],
    }});
    let rejected = json!({ "messageRejected": {
        "messageId": Uuid::now_v7(), "playerId": "p1", "reason": "message-id-taken",
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
        body(json!([staff, session, player])),
    ]
}

fn any_sender_id() -> impl Strategy<Value = SenderId> {
    any::<String>().prop_filter_map("not a sender id", |text| SenderId::try_from(text).ok())
}

fn any_name() -> impl Strategy<Value = Name> {
    any::<String>().prop_filter_map("not a name", |text| Name::try_from(text).ok())
}

fn any_staff_facts() -> impl Strategy<Value = StaffFacts> {
    let ids = vec(any::<u128>().prop_map(Uuid::from_u128), 0..5);
    (option::of(any_sender_id()), option::of(any_name()), ids).prop_map(
        |(actor_id, actor_name, stale_change_ids)| StaffFacts {
            actor_id,
            actor_name,
            stale_change_ids,
        },
    )
}

/// The events for the player `p1`, and those for staff.
fn by_audience(event: &Event) -> (Vec<PusherEvent>, Vec<PusherEvent>) {
    let events = pusher_events(event, &Channels::Private).unwrap();
    events.into_iter().partition(|event| event.channel == "private-player-p1")
}

proptest! {
    #![proptest_config(same_cases())]

    /// The player receives the same bytes, whatever the facts are.
    #[test]
    fn no_byte_of_a_sessions_staff_facts_reaches_its_player(
        staff in any_staff_facts(),
        version: i64,
        player_name in option::of(any_name()),
    ) {
        let epoch = message("p1", "hello").accepted_at;
        let state = |staff| SessionState {
            id: Uuid::from_u128(7),
            player_id: "p1".to_owned().try_into().unwrap(),
            player_name: player_name.clone(),
            status: SessionStatus::Active,
            opened_at: epoch,
            last_message_at: epoch,
            resolved_at: None,
            version,
            staff,
        };
        let (to_player, to_staff) = by_audience(&Event::SessionUpdated(state(staff.clone())));
        let (without, _) = by_audience(&Event::SessionUpdated(state(StaffFacts::default())));
        prop_assert_eq!(to_player.len(), 1);
        prop_assert_eq!(to_player, without);
        let [to_staff] = &*to_staff else { panic!("{to_staff:?}") };
        let received: SessionState = serde_json::from_str(&to_staff.data).unwrap();
        prop_assert_eq!(received.staff, staff);
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
