//! Hostile bodies in the queue.

use broker::ConsumerKind;
use chat::{RequestedStatus, event::Event};
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};
use test_support::{
    attachment, body, eventually,
    hostile::{always, any_bytes, nearly},
    message, status_change,
};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::support::{change, event, system};

#[test]
fn hostile_bodies_do_not_stop_the_valid_message_behind_them() {
    let runtime = Runtime::new().unwrap();
    let system = runtime.block_on(system());
    let persister = runtime.block_on(system.persister());
    let bodies = vec(prop_oneof![1 => any_bytes(), 4 => nearly(valid_bodies())], 1..20);
    always(&runtime, 10, &bodies, async |bodies| {
        for body in bodies {
            system.broker.publish(&body).await;
        }
        let player = Uuid::now_v7().to_string();
        system.broker.publish(&body([event(&message(&player, "good"))])).await;
        let count = format!("SELECT count(*) FROM chat_messages WHERE player_id = '{player}'");
        eventually("the valid message is persisted", async || {
            (system.database.number(&count).await == 1).then_some(())
        })
        .await;
        Ok(())
    });
    runtime.block_on(async {
        // The persister finishes its batch, or requeues it.
        persister.stop().await;
        system.work_off(1).await;
        let queue = system.broker.names().queue(ConsumerKind::Persister);
        assert_eq!(system.broker.depth(&queue).await, Some(0));
    });
}

fn valid_bodies() -> Vec<Value> {
    let message = event(&self::message("p1", "hello"));
    let change = change(&status_change("p1", RequestedStatus::Resolved, 1_000));
    let json = |events: &[&Event]| {
        let events = events.iter().map(|event| (*event).clone());
        serde_json::from_slice(&body(events)).unwrap()
    };
    let id = Uuid::now_v7();
    let full = json!({ "version": 1, "events": [{ "message": {
        "messageId": id, "playerId": "p2", "playerName": "Bo", "senderType": "staff",
        "senderId": "ada", "senderName": "Ada", "content": "hello",
        "attachments": [attachment("boss.png"), attachment("boss.png")],
        "acceptedAt": "2026-01-01T00:00:00.000001Z", "socketId": "1.2",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }}]});
    let mark = |mark: &str, reader: &str| {
        json!({ "readMark": {
            "playerId": "p2", "reader": reader, "mark": mark, "messageIds": [id, Uuid::now_v7()],
            "acceptedAt": "2026-01-01T00:00:00.000001Z", "staffOnly": true,
        }})
    };
    let marks = json!({ "version": 1, "events": [
        mark("read", "player"), mark("unread", "staff:ada"), mark("read", "staff:ada"),
    ]});
    let mixed = json(&[&change, &message, &change]);
    vec![json(&[&message]), json(&[&change]), mixed, full, marks]
}
