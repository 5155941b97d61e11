use serde_json::{Value, json};
use test_support::{Answer, Api, System};

const SEND: &str = "/api/staff-chat-integration/send";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let api = gateway.api();
    let long = "a".repeat(4_001);
    let wrong: &[(&str, Value)] = &[
        ("messageId", json!("no-uuid")),
        ("messageId", json!(7)),
        ("playerId", json!("")),
        ("playerId", json!("a b")),
        ("playerId", json!("p".repeat(129))),
        ("playerId", json!(["p1"])),
        ("playerName", json!("n".repeat(129))),
        ("senderType", json!("robot")),
        ("senderName", json!("a\0b")),
        ("content", json!("")),
        ("content", json!("  \n ")),
        ("content", json!(long)),
        ("content", json!("a\0b")),
        ("content", json!(7)),
        ("socketId", json!("not a socket")),
    ];
    for (field, value) in wrong {
        let mut message = json!({ "playerId": "p1", "senderType": "player", "content": "hello" });
        message[field] = value.clone();
        names(&api.send(&message).await, field);
    }
    for field in ["playerId", "senderType", "content"] {
        let mut message = json!({ "playerId": "p1", "senderType": "player", "content": "hello" });
        message.as_object_mut().unwrap().remove(field);
        names(&api.send(&message).await, field);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_are_wrong_are_named() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let api = gateway.api();
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("before=x", "before"),
        ("after=-1", "after"),
        ("after=x", "after"),
    ] {
        names(&api.conversation("p1", query).await, field);
    }
    names(&api.conversation("a%20b", "").await, "playerId");
    names(&api.inbox("status=open").await, "status");
    names(&api.inbox("cursor=x").await, "cursor");
    names(&api.change_status("p1", "closed").await, "status");
    names(&api.change_status("a%2Fb", "resolved").await, "playerId");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_none_gets_a_clear_problem() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let api = gateway.api();
    let json = "application/json";
    let cases: [(&str, &[u8], u16, &str); 6] = [
        (json, b"not json", 400, "invalid-body"),
        (json, b"", 400, "invalid-body"),
        (json, b"[]", 400, "invalid-body"),
        (json, br#"{"playerId":"p1","senderType":"player","content":"a"} x"#, 400, "invalid-body"),
        ("text/plain", b"{}", 415, "unsupported-media-type"),
        (json, &[b'a'; 70_000], 413, "body-too-large"),
    ];
    for (content_type, body, status, kind) in cases {
        let answer = api.post_raw(SEND, content_type, body.to_vec()).await;
        is_problem(&answer, status, kind);
    }
    let invalid_utf8 = b"{\"playerId\":\"p1\",\"senderType\":\"player\",\"content\":\"\xff\xfe\"}";
    names(&api.post_raw(SEND, json, invalid_utf8.to_vec()).await, "content");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_gets_a_problem_too() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let api: Api = gateway.api();
    is_problem(&api.get("/nothing/here").await, 404, "not-found");
    is_problem(&api.get(SEND).await, 405, "method-not-allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_message_in_the_most_wasteful_json_is_accepted() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let escaped = "\\ud83d\\ude00".repeat(4_000);
    let body = format!(r#"{{"playerId":"p1","senderType":"player","content":"{escaped}"}}"#);
    let answer = gateway.api().post_raw(SEND, "application/json", body.into_bytes()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
}

fn names(answer: &Answer, field: &str) {
    is_problem(answer, 400, "invalid-field");
    assert_eq!(answer.json["field"], field, "{answer:?}");
    assert!(answer.json["detail"].as_str().unwrap().starts_with(field), "{answer:?}");
}

fn is_problem(answer: &Answer, status: u16, kind: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.json["status"], status);
    assert_eq!(answer.json["type"], format!("urn:problem-type:player-portal-chat:{kind}"));
}
