//! What the desk's calls reject.

use serde_json::{Value, json};
use test_support::{Proxy, System};
use uuid::Uuid;

use super::{ON, ada, assert_problem, bo, desk, lead, queued_in_both, resolve, sessions};

#[tokio::test(flavor = "multi_thread")]
async fn a_400_names_the_invalid_field_of_a_change() {
    let system = System::new().await;
    let gateway = desk(&system, &["--staff-tags=refund,spam"]).await;
    let (ada, grace, bo) = (ada(&gateway), lead(&gateway), bo(&gateway));
    let many: Vec<_> = (0..21).map(|number| format!("tag-{number}")).collect();
    for (path, body, field, detail) in [
        ("assignment", json!({}), "action", "missing"),
        ("assignment", json!({ "action": "steal" }), "action", "claim"),
        ("assignment", json!({ "action": "assign" }), "assigneeId", "missing"),
        ("assignment", json!({ "action": "assign", "assigneeId": "\u{200b}" }), "assigneeId", ""),
        ("assignment", json!({ "action": "assign", "assigneeId": "zoe" }), "assigneeId", "member"),
        (
            "assignment",
            json!({ "action": "release", "team": "fraud" }),
            "team",
            "payments, appeals",
        ),
        ("assignment", json!({ "action": "release", "team": "A b" }), "team", "lower-case"),
        ("assignment", json!({ "action": "claim", "sessionId": "7" }), "sessionId", "UUID"),
        ("session", json!({}), "tags", "priority"),
        ("session", json!({ "tags": {} }), "tags", "1 to 20"),
        ("session", json!({ "tags": { "remove": many } }), "tags", "1 to 20"),
        ("session", json!({ "tags": { "add": ["refund", "vip"] } }), "tags.add", "refund, spam"),
        ("session", json!({ "tags": { "add": ["Refund"] } }), "tags.add[0]", "lower-case"),
        ("session", json!({ "tags": { "add": ["spam"], "remove": ["spam"] } }), "tags", "same"),
        ("session", json!({ "priority": "highest" }), "priority", "urgent"),
        ("session", json!({ "priority": { "high": null } }), "priority", ""),
        ("notes", json!({}), "content", "missing"),
        ("notes", json!({ "content": "a".repeat(4_001) }), "content", "4,000"),
        ("notes", json!({ "content": " " }), "content", ""),
        ("notes", json!({ "content": "a", "noteId": Uuid::nil() }), "noteId", "UUID"),
    ] {
        let answer = ada.on_p1(path, &body).await;
        assert_problem(&answer, 400, "invalid-field");
        assert_eq!(answer.json["field"], field, "{body}: {answer:?}");
        assert!(answer.json["detail"].as_str().unwrap().contains(detail), "{answer:?}");
    }
    for (body, field) in [
        (json!({}), "status"),
        (json!({ "status": "busy" }), "status"),
        (json!({ "status": "online", "capacity": 1_001 }), "capacity"),
        (json!({ "status": "online", "capacity": -1 }), "capacity"),
    ] {
        let answer = ada.put("/api/staff/availability", &body).await;
        assert_eq!((answer.status, &answer.json["field"]), (400, &json!(field)), "{answer:?}");
    }
    let good = json!({ "shortcut": "a", "title": "A", "bodies": { "en": "A" } });
    let languages: Value = ('a'..='k').map(|end| (format!("x{end}"), json!("A"))).collect();
    for (field, value, named) in [
        ("shortcut", json!("A b"), "shortcut"),
        ("title", json!(""), "title"),
        ("team", json!("fraud"), "team"),
        ("bodies", json!({}), "bodies"),
        ("bodies", languages, "bodies"),
        ("bodies", json!({ "english": "A" }), "bodies"),
        ("bodies", json!({ "en": "a".repeat(4_001) }), "bodies.en"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let path = format!("/api/staff/canned-replies/{}", Uuid::now_v7());
        let answer = grace.put(&path, &body).await;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        let found = answer.json["field"].as_str().unwrap();
        assert!(found.starts_with(named), "{body}: {answer:?}");
    }
    let answer = grace.put("/api/staff/canned-replies/7", &good).await;
    assert_eq!((answer.status, &answer.json["field"]), (400, &json!("id")));
    let full = "\u{1f600}".repeat(4_000);
    let mut large = good.clone();
    for language in ["de", "en", "fr", "it", "pl"] {
        large["bodies"][language] = json!(full);
    }
    let path = format!("/api/staff/canned-replies/{}", Uuid::now_v7());
    let answer = grace.put(&path, &large).await;
    assert_problem(&answer, 413, "body-too-large");
    assert!(answer.json["detail"].as_str().unwrap().contains("65536"), "{answer:?}");
    for topic in [json!("fraud"), json!("A b"), json!(7)] {
        let body = json!({
            "playerId": "p1", "senderType": "player", "content": "hello", "topic": topic
        });
        let answer = bo.post("/api/staff-chat-integration/send", &body).await;
        assert_eq!((answer.status, &answer.json["field"]), (400, &json!("topic")), "{answer:?}");
    }
    assert!(queued_in_both(&system).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_400_names_the_invalid_filter_of_the_inbox() {
    let system = System::new().await;
    let gateway = desk(&system, &[]).await;
    let ada = ada(&gateway);
    let teams = ["payments"; 3].join(",");
    for (query, field) in [
        ("assignee=", "assignee"),
        ("team=", "team"),
        ("team=A", "team"),
        ("tag=a,b", "tag"),
        ("priority=highest", "priority"),
        ("status=resolved&assignee=me", "status"),
        ("status=pending,resolved&tag=a", "status"),
        ("cursor=u9w-:p1", "cursor"),
    ] {
        let answer = ada.get(&format!("/api/unified-chat/conversations?{query}")).await;
        assert_problem(&answer, 400, "invalid-field");
        assert_eq!(answer.json["field"], field, "{query}: {answer:?}");
    }
    let path = format!("/api/unified-chat/conversations?team={teams}&order=waiting");
    assert_eq!(ada.get(&path).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_of_a_resolved_session_is_rejected_while_the_database_answers() {
    let system = System::new().await;
    let proxy = Proxy::start(&system.database.server(), true).await;
    let through = format!("--database-url={}", system.database.url_through(proxy.addr()));
    let gateway = desk(&system, &[&through]).await;
    let ada = ada(&gateway);
    sessions(&system, &[("p1", "")]).await;
    let session =
        system.database.texts("SELECT id::text AS text FROM chat_sessions").await.remove(0);
    let claims = [json!({ "action": "claim" }), json!({ "action": "claim", "sessionId": session })];
    for claim in &claims {
        assert_eq!(ada.on_p1("assignment", claim).await.status, 202);
    }
    // No desk has reported Ada yet.
    let to_herself = json!({ "action": "assign", "assigneeId": "ada" });
    assert_eq!(ada.on_p1("assignment", &to_herself).await.status, 202);
    resolve(&system, "p1").await;
    for claim in &claims {
        let answer = ada.on_p1("assignment", claim).await;
        assert_problem(&answer, 400, "invalid-field");
        assert_eq!(answer.json["field"], "action");
    }
    let unknown = json!({ "action": "claim", "sessionId": Uuid::now_v7() });
    assert_eq!(ada.on_p1("assignment", &unknown).await.status, 202);
    proxy.take_away();
    let began = std::time::Instant::now();
    for claim in &claims {
        assert_eq!(ada.on_p1("assignment", claim).await.status, 202);
    }
    let assign = json!({ "action": "assign", "assigneeId": "zoe" });
    assert_eq!(ada.on_p1("assignment", &assign).await.status, 202);
    assert!(began.elapsed().as_secs() < 3, "a check waits for 250 ms at most");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_database_delays_a_claim_by_a_quarter_of_a_second_and_rejects_none() {
    let system = System::new().await;
    let gateway = desk(&system, &[]).await;
    let ada = ada(&gateway);
    let _lock = system.database.lock_from_readers("chat_conversations").await;
    let began = std::time::Instant::now();
    assert_eq!(ada.on_p1("assignment", &json!({ "action": "claim" })).await.status, 202);
    assert!(began.elapsed().as_millis() < 1_500, "{:?}", began.elapsed());
    assert_eq!(gateway.api().metric("chat_gateway_history_failures_total").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desk_allows_only_the_methods_of_its_routes() {
    let system = System::new().await;
    let gateway = system.gateway_with(&[ON]).ready().await;
    let api = super::Caller::new(&gateway, None);
    for (path, allowed) in [
        ("/api/staff", "GET, HEAD"),
        ("/api/staff/availability", "PUT"),
        ("/api/staff/canned-replies", "GET, HEAD"),
        ("/api/staff/canned-replies/x", "PUT, DELETE"),
        ("/api/unified-chat/conversations/p1/assignment", "POST"),
    ] {
        let answer = api.call_with(reqwest::Method::PATCH, path, None, &[]).await;
        assert_problem(&answer, 405, "method-not-allowed");
        assert_eq!(answer.headers["allow"], allowed, "{path}");
    }
}
