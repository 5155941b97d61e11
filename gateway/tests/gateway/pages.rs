//! Pages of the maximum size.

use std::collections::BTreeSet;

use chat::{SenderType, event::Event};
use serde_json::Value;
use test_support::{System, body, eventually, message_at};

use crate::raw::Connection;

/// Each character takes two bytes in JSON.
const MESSAGES: i64 = 100;

/// Inserts large messages of the players that `player` names.
async fn large_messages(system: &System, player: impl Fn(i64) -> String) {
    let message = |at| {
        let content = "\"".repeat(4_000);
        Event::Message(Box::new(message_at(&player(at), SenderType::Player, &content, at)))
    };
    system.broker.publish(&body((1..=MESSAGES).map(message))).await;
    system.work_off(1).await;
}

fn seqs(page: &Value) -> Vec<i64> {
    let messages = page["messages"].as_array().unwrap().iter();
    messages.map(|message| message["seq"].as_i64().unwrap()).collect()
}

fn bytes(page: &Value) -> usize {
    serde_json::to_vec(page).unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_bounded_in_bytes_and_complete_in_both_directions() {
    let system = System::new().await;
    system.persister().await.stop().await;
    large_messages(&system, |_| "p1".to_owned()).await;
    let gateway = system.gateway().await;
    let api = gateway.api();

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.conversation("p1", &format!("limit=200{cursor}")).await.json;
        assert!(bytes(&page) < 257 * 1024, "{}", bytes(&page));
        assert_eq!(page["lastSeq"], MESSAGES);
        seen.splice(0..0, seqs(&page));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&before={next}"),
            None => break,
        }
    }
    assert_eq!(seen, (1..=MESSAGES).collect::<Vec<_>>());

    let (mut seen, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let page = api.conversation("p1", &format!("limit=200&after={after}")).await.json;
        assert!(bytes(&page) < 257 * 1024, "{}", bytes(&page));
        seen.extend(seqs(&page));
        assert_eq!(page["lastSeq"].as_i64(), seen.last().copied(), "no further than the page goes");
        match page["nextCursor"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, (1..=MESSAGES).collect::<Vec<_>>());
    assert_eq!(seqs(&api.conversation("p1", "limit=1").await.json), [MESSAGES]);
}

#[tokio::test(flavor = "multi_thread")]
async fn inbox_pages_are_bounded_in_bytes_and_complete() {
    let system = System::new().await;
    system.persister().await.stop().await;
    large_messages(&system, |at| format!("p{at}")).await;
    let gateway = system.gateway().await;
    let api = gateway.api();
    for order in ["latest", "waiting"] {
        let (mut seen, mut cursor) = (BTreeSet::new(), String::new());
        loop {
            let page = api.inbox(&format!("order={order}&limit=200{cursor}")).await.json;
            assert!(bytes(&page) < 257 * 1024, "{}", bytes(&page));
            for conversation in page["conversations"].as_array().unwrap() {
                assert!(seen.insert(conversation["playerId"].to_string()), "{conversation}");
            }
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(i64::try_from(seen.len()).unwrap(), MESSAGES, "{order}");
    }
}

/// The memory holds a single page; a client requests it repeatedly and never reads a response.
#[tokio::test(flavor = "multi_thread")]
async fn client_that_does_not_take_its_page_is_disconnected_when_another_reads() {
    let system = System::new().await;
    system.persister().await.stop().await;
    large_messages(&system, |_| "p1".to_owned()).await;
    let gateway =
        system.gateway_with(&["--answer-memory=512KiB", "--client-timeout=5m"]).ready().await;
    let request =
        "GET /api/unified-chat/conversations/p1?limit=200 HTTP/1.1\r\nhost: gateway\r\n\r\n";
    let mut stuck = Connection::open(&gateway).await;
    stuck.write(request.repeat(50).as_bytes()).await;
    let api = gateway.api();
    let stalled = r#"chat_gateway_closed_connections_total{reason="stalled"}"#;
    eventually("another reads and the client is disconnected", async || {
        let read = api.conversation("p1", "limit=200").await;
        (read.status == 200 && api.metric(stalled).await == 1).then_some(())
    })
    .await;
}
