//! The inbox of a desk.

use serde_json::Value;
use test_support::System;

use super::{Caller, ada, desk, resolve, sessions};

const INBOX: &str = "/api/unified-chat/conversations";

/// The players of all pages, in order.
async fn players(caller: &Caller, query: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = caller.get(&format!("{INBOX}?{query}{cursor}")).await;
        assert_eq!(page.status, 200, "{query}: {page:?}");
        let conversations = page.json["conversations"].as_array().unwrap();
        let id = |row: &Value| row["playerId"].as_str().unwrap().to_owned();
        found.extend(conversations.iter().map(id));
        let Some(next) = page.json["nextCursor"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_has_the_open_sessions_that_its_filters_choose() {
    let system = System::new().await;
    let gateway = desk(&system, &[]).await;
    sessions(
        &system,
        &[
            ("p0", "team = 'payments', tags = ARRAY['refund', 'vip']"),
            ("p1", "assignee_id = 'ada', team = 'payments', priority = 2"),
            ("p2", "assignee_id = 'bea', team = 'appeals', priority = 1, tags = ARRAY['vip']"),
            ("p3", ""),
            ("p4", "assignee_id = 'ada', tags = ARRAY['refund'], priority = -1"),
            ("p5", "assignee_id = 'ada', team = 'payments', priority = 2, tags = ARRAY['vip']"),
        ],
    )
    .await;
    resolve(&system, "p5").await;
    system
        .database
        .run("UPDATE chat_conversations SET status = 'active' WHERE player_id IN ('p1', 'p2')")
        .await;
    let ada = ada(&gateway);
    for (filter, expected) in [
        ("assignee=me", vec!["p4", "p1"]),
        ("assignee=bea", vec!["p2"]),
        ("assignee=none", vec!["p3", "p0"]),
        ("assignee=zoe", vec![]),
        ("team=payments", vec!["p1", "p0"]),
        ("team=appeals,payments", vec!["p2", "p1", "p0"]),
        ("tag=vip", vec!["p2", "p0"]),
        ("tag=refund&assignee=none", vec!["p0"]),
        ("priority=urgent,high", vec!["p2", "p1"]),
        ("priority=low", vec!["p4"]),
        ("priority=normal&status=pending", vec!["p3", "p0"]),
        ("assignee=me&status=active", vec!["p1"]),
        ("assignee=me&status=active,pending&priority=urgent", vec!["p1"]),
    ] {
        for limit in ["", "&limit=1"] {
            assert_eq!(players(&ada, &format!("{filter}{limit}")).await, expected, "{filter}");
        }
        let mut waiting = players(&ada, &format!("{filter}&order=waiting&limit=1")).await;
        waiting.sort();
        let mut expected = expected;
        expected.sort_unstable();
        assert_eq!(waiting, expected, "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_waiting_has_the_most_urgent_first_and_resolved_sessions_last() {
    let system = System::new().await;
    let gateway = desk(&system, &[]).await;
    sessions(
        &system,
        &[
            ("p0", "priority = -1"),
            ("p1", ""),
            ("p2", "priority = 2"),
            ("p3", "priority = 1"),
            ("p4", "priority = 2"),
            ("p5", ""),
            ("p6", "priority = 1"),
            ("p7", "priority = 2"),
            ("p8", ""),
        ],
    )
    .await;
    // p6 waits for no answer.
    system
        .database
        .run("UPDATE chat_conversations SET waiting_since = NULL WHERE player_id = 'p6'")
        .await;
    resolve(&system, "p7").await;
    resolve(&system, "p8").await;
    let open = ["p2", "p4", "p3", "p6", "p1", "p5", "p0"];
    let all = [&open[..], &["p7", "p8"]].concat();
    let ada = ada(&gateway);
    for limit in [1, 2, 3, 200] {
        let query = format!("order=waiting&limit={limit}");
        assert_eq!(players(&ada, &query).await, all, "{limit}");
        assert_eq!(players(&ada, &format!("{query}&status=pending,active")).await, open);
        assert_eq!(players(&ada, &format!("{query}&status=resolved")).await, ["p7", "p8"]);
        assert_eq!(players(&ada, &format!("{query}&assignee=none")).await, open, "{limit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_a_gateway_without_a_desk_goes_on_in_its_order() {
    let system = System::new().await;
    sessions(&system, &[("p0", ""), ("p1", "priority = 2"), ("p2", "")]).await;
    let before = system.guarded_gateway(&[]).await;
    let page = ada(&before).get(&format!("{INBOX}?order=waiting&limit=1")).await.json;
    assert_eq!(page["conversations"][0]["playerId"], "p0");
    let cursor = page["nextCursor"].as_str().unwrap();
    let after = desk(&system, &[]).await;
    for filter in ["", "&assignee=none"] {
        let query = format!("order=waiting&limit=2{filter}&cursor={cursor}");
        assert_eq!(players(&ada(&after), &query).await, ["p1", "p2"]);
    }
}
