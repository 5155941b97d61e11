//! Whatever is in the queue, what is good behind it is broadcast.

use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};
use shared::broker::Worker;
use test_support::{
    body, eventually,
    hostile::{always, any_bytes, nearly},
};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::support::{all_acknowledged, event, system};

#[test]
fn any_bodies_are_taken_off_the_queue_and_what_is_good_behind_them_is_broadcast() {
    let runtime = Runtime::new().unwrap();
    let system = runtime.block_on(system());
    let broadcaster = runtime.block_on(system.broadcaster());
    let bodies = vec(prop_oneof![1 => any_bytes(), 4 => nearly(good_bodies())], 1..20);
    always(&runtime, 40, &bodies, async |bodies| {
        for body in bodies {
            system.broker.publish(&body).await;
        }
        let content = Uuid::now_v7().to_string();
        system.broker.publish(&body([event("p1", &content)])).await;
        eventually("the good one is broadcast", async || {
            let events = system.pusher.events().await;
            events.iter().any(|(_, _, data)| data["content"] == content.as_str()).then_some(())
        })
        .await;
        Ok(())
    });
    runtime.block_on(async {
        let queue = system.broker.names().queue(Worker::Broadcaster);
        system.broker.wait_for_depth(&queue, 0).await;
        broadcaster.stop().await;
        all_acknowledged(&system).await;
    });
}

fn good_bodies() -> Vec<Value> {
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
        body(json!([staff, session, player])),
    ]
}
