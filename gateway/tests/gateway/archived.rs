//! Conversations whose oldest messages are archived.

use chat::{RequestedStatus, SenderType, event::Event};
use serde_json::{Value, json};
use test_support::{System, body, message_at, status_change};

fn seqs(page: &Value) -> Vec<i64> {
    let messages = page["messages"].as_array().unwrap().iter();
    messages.map(|message| message["seq"].as_i64().unwrap()).collect()
}

/// Five messages of `p1` in a resolved session, and five in the next.
async fn two_sessions(system: &System) {
    let message = |at| Event::Message(Box::new(message_at("p1", SenderType::Player, "hello", at)));
    let resolved = status_change("p1", RequestedStatus::Resolved, 100);
    system.persister().await.stop().await;
    system.broker.publish(&body((1..=5).map(message))).await;
    system.broker.publish(&body([Event::StatusChange(resolved)])).await;
    system.broker.publish(&body((101..=105).map(message))).await;
    system.work_off(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_end_at_the_first_message_that_is_not_archived() {
    let system = System::new().await;
    two_sessions(&system).await;
    let gateway = system.gateway().await;
    let api = gateway.api();
    let page = api.conversation("p1", "limit=6").await.json;
    assert_eq!(seqs(&page), [5, 6, 7, 8, 9, 10]);
    let before = page["nextCursor"].as_str().unwrap().to_owned();
    assert_eq!(system.archive(1_000).await.len(), 5);

    let older = api.conversation("p1", &format!("before={before}")).await.json;
    assert_eq!((&older["messages"], &older["nextCursor"]), (&json!([]), &Value::Null));
    let newest = api.conversation("p1", "limit=5").await.json;
    assert_eq!((seqs(&newest), &newest["nextCursor"]), ((6..=10).collect(), &Value::Null));
    assert_eq!(newest["lastSeq"], 10);
    let newest = api.conversation("p1", "limit=3").await.json;
    let before = newest["nextCursor"].as_str().unwrap();
    let older = api.conversation("p1", &format!("limit=3&before={before}")).await.json;
    assert_eq!((seqs(&older), &older["nextCursor"]), (vec![6, 7], &Value::Null));
    // A client that was offline for longer than messages are kept.
    let missed = api.conversation("p1", "after=2&limit=3").await.json;
    assert_eq!((seqs(&missed), &missed["lastSeq"]), (vec![6, 7, 8], &json!(8)));
    let missed = api.conversation("p1", "after=8&limit=3").await.json;
    assert_eq!((seqs(&missed), &missed["nextCursor"]), (vec![9, 10], &Value::Null));
    let entry = &api.inbox("").await.json["conversations"][0];
    assert_eq!((&entry["lastMessage"]["seq"], &entry["unansweredCount"]), (&json!(10), &json!(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn fully_archived_conversation_is_empty_and_in_no_inbox() {
    let system = System::new().await;
    two_sessions(&system).await;
    let resolved = status_change("p1", RequestedStatus::Resolved, 200);
    system.broker.publish(&body([Event::StatusChange(resolved)])).await;
    system.work_off(1).await;
    let gateway = system.gateway().await;
    let api = gateway.api();
    let inbox = api.inbox("status=resolved").await.json;
    assert_eq!(inbox["conversations"].as_array().unwrap().len(), 1);
    assert_eq!(system.archive(1_000).await.len(), 10);

    for page in ["", "after=3", "after=10"] {
        let page = api.conversation("p1", page).await.json;
        assert_eq!((&page["messages"], &page["nextCursor"]), (&json!([]), &Value::Null));
        assert_eq!(
            (&page["lastSeq"], &page["session"]["status"]),
            (&json!(10), &json!("resolved"))
        );
    }
    let inbox = api.inbox("status=pending,active,resolved").await.json;
    assert_eq!(inbox["conversations"], json!([]));
}
