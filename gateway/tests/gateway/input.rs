use broker::ConsumerKind;
use chat::event::Event;
use reqwest::header;
use serde_json::{Value, json};
use test_support::{Answer, Api, Proxy, System};
use uuid::Uuid;

use crate::raw::Connection;

const SEND: &str = "/api/staff-chat-integration/send";

#[tokio::test(flavor = "multi_thread")]
async fn a_400_names_the_invalid_field() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let api = gateway.api();
    let long = "a".repeat(4_001);
    let invalid: &[(&str, Value)] = &[
        ("messageId", json!("not-a-uuid")),
        ("messageId", json!(7)),
        ("playerId", json!("")),
        ("playerId", json!("a b")),
        ("playerId", json!("p".repeat(129))),
        ("playerId", json!(["p1"])),
        ("playerId", json!(".")),
        ("playerId", json!("..")),
        ("playerName", json!("n".repeat(129))),
        ("playerName", json!("Bo\nEibbed")),
        ("playerName", json!("\u{3164}")),
        ("senderType", json!("robot")),
        ("senderType", json!({ "player": null })),
        ("senderType", json!(["player"])),
        ("senderId", json!("ad\u{202e}a")),
        ("senderId", json!("\u{200b}")),
        ("senderName", json!("a\0b")),
        ("senderName", json!("\u{202e}")),
        ("content", json!("")),
        ("content", json!("  \n ")),
        ("content", json!(long)),
        ("content", json!("a\0b")),
        ("content", json!("a\u{1b}[31mb")),
        ("content", json!("a\rb")),
        ("content", json!("a\u{85}b")),
        ("content", json!("\u{200b}")),
        ("content", json!("\u{2800}\u{feff}")),
        ("content", json!("\u{e0041}")),
        ("content", json!(7)),
        ("message", json!("another")),
        ("socketId", json!("not a socket")),
    ];
    for (field, value) in invalid {
        let mut message = json!({ "playerId": "p1", "senderType": "player", "content": "hello" });
        message[field] = value.clone();
        assert_invalid_field(&api.send(&message).await, field);
    }
    for field in ["playerId", "senderType", "content"] {
        let mut message = json!({ "playerId": "p1", "senderType": "player", "content": "hello" });
        message.as_object_mut().unwrap().remove(field);
        assert_invalid_field(&api.send(&message).await, field);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_400_names_the_invalid_parameter() {
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
        ("limit=1&limit=2", "limit"),
        ("limit=", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit[]=1", "limit[]"),
        ("page=2", "page"),
        ("Limit=1", "Limit"),
    ] {
        let answer = api.conversation("p1", query).await;
        assert_invalid_field(&answer, field);
        assert!(!answer.json["detail"].as_str().unwrap().contains("body"), "{answer:?}");
    }
    let answer = api.inbox("status[]=pending").await;
    assert_invalid_field(&answer, "status[]");
    assert!(answer.json["detail"].as_str().unwrap().contains("status, order, limit"), "{answer:?}");
    // Other clients remove these from a path.
    for dots in [".", "..", "%2e", ".%2E"] {
        let path = format!("/api/unified-chat/conversations/{dots}");
        assert_eq!(Connection::open(&gateway).await.get(&path).await, 400, "{dots}");
    }
    assert_invalid_field(&api.conversation("a%20b", "").await, "playerId");
    assert_invalid_field(&api.inbox("status=open").await, "status");
    assert_invalid_field(&api.inbox("cursor=x").await, "cursor");
    assert_invalid_field(&api.change_status("p1", "closed").await, "status");
    assert_invalid_field(&api.change_status("a%2Fb", "resolved").await, "playerId");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_a_json_object_is_rejected_with_the_reason() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let api = gateway.api();
    let json = "application/json";
    let cases: [(&str, &[u8], u16, &str); 11] = [
        (json, b"not json", 400, "invalid-body"),
        (json, b"", 400, "invalid-body"),
        (json, b" \n", 400, "invalid-body"),
        (json, b"[]", 400, "invalid-body"),
        (json, br#"[null,"p1",null,"player",null,null,"hello",null,null]"#, 400, "invalid-body"),
        (json, b"null", 400, "invalid-body"),
        (json, b"\"hello\"", 400, "invalid-body"),
        (json, br#"{"playerId":"p1","senderType":"player","content":"a"#, 400, "invalid-body"),
        (json, br#"{"playerId":"p1","senderType":"player","content":"a"} x"#, 400, "invalid-body"),
        ("text/plain", b"{}", 415, "unsupported-media-type"),
        (json, &[b'a'; 70_000], 413, "body-too-large"),
    ];
    for (content_type, body, status, kind) in cases {
        let answer = api.post_raw(SEND, content_type, body.to_vec()).await;
        assert_problem(&answer, status, kind);
    }
    let invalid_utf8 = b"{\"playerId\":\"p1\",\"senderType\":\"player\",\"content\":\"\xff\xfe\"}";
    assert_invalid_field(&api.post_raw(SEND, json, invalid_utf8.to_vec()).await, "content");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_change_as_an_array_is_rejected() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let path = "/api/unified-chat/conversations/p1/status";
    let by_position = json!(["resolved", null, null, null]);
    assert_problem(&gateway.api().post(path, &by_position).await, 400, "invalid-body");
    let as_a_map = json!({ "status": { "resolved": null } });
    assert_invalid_field(&gateway.api().post(path, &as_a_map).await, "status");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_400_names_the_encoding_of_a_body_that_is_not_utf_8() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let api = gateway.api();
    let message = r#"{"playerId":"p1","senderType":"player","content":"hello"}"#;
    let json = "application/json";
    let utf_16 = |unit: fn(u16) -> [u8; 2], start: &[u8]| {
        [start.to_vec(), message.encode_utf16().flat_map(unit).collect()].concat()
    };
    for body in [
        utf_16(u16::to_le_bytes, b"\xff\xfe"),
        utf_16(u16::to_be_bytes, b"\xfe\xff"),
        utf_16(u16::to_le_bytes, b""),
        utf_16(u16::to_be_bytes, b""),
    ] {
        let answer = api.post_raw(SEND, json, body).await;
        assert_problem(&answer, 400, "invalid-body");
        assert!(answer.json["detail"].as_str().unwrap().contains("UTF-16"), "{answer:?}");
    }
    let with_a_mark = format!("\u{feff}{message}");
    assert_eq!(api.post_raw(SEND, json, with_a_mark.into_bytes()).await.status, 202);

    for (coding, status) in
        [("gzip", 415), ("br", 415), ("identity, GZIP", 415), ("identity", 202), ("", 202)]
    {
        let api = api.with_header("content-encoding", coding);
        let answer = api.post_raw(SEND, json, message.into()).await;
        assert_eq!(answer.status, status, "{coding}: {answer:?}");
        if status == 415 {
            assert_problem(&answer, 415, "unsupported-media-type");
            assert_eq!(answer.headers[header::ACCEPT_ENCODING], "identity");
        }
    }
    let answer = api.post_raw(SEND, "text/plain", message.into()).await;
    assert_eq!(answer.headers[header::ACCEPT], "application/json");
}

#[tokio::test(flavor = "multi_thread")]
async fn lone_surrogate_is_rejected_as_half_a_surrogate_pair() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    for half in ["\\ud83d", "\\ude00", "\\ud83d\\n", "\\ud83d\\ud83d", "a\\ud83d b"] {
        let body = format!(r#"{{"playerId":"p1","senderType":"player","content":"{half}"}}"#);
        let answer = gateway.api().post_raw(SEND, "application/json", body.into_bytes()).await;
        assert_invalid_field(&answer, "content");
        assert!(answer.json["detail"].as_str().unwrap().contains("surrogate"), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn crlf_and_bidirectional_controls_are_normalized() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let message = json!({
        "playerId": "p1", "senderType": "player", "playerName": "Bo\u{202e}eibbeD",
        "content": "one\r\ntwo\tthree", "message": "one\ntwo\tthree "
    });
    assert_eq!(gateway.api().send(&message).await.status, 202);
    let events = system.broker.drain_events(ConsumerKind::Persister).await;
    let [Event::Message(message)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(message.content.as_str(), "one\ntwo\tthree");
    assert_eq!(message.player_name.as_ref().unwrap().as_str(), "BoeibbeD");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_503_has_the_id_to_send_again_with() {
    let system = System::new().await;
    let proxy = Proxy::start(&system.broker.server(), false).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    let gateway = system.gateway_with(&[&through]);
    let api = gateway.api();
    let resend = |answer: &Answer, member: &str| {
        assert_problem(answer, 503, "not-accepted");
        let id = answer.json[member].as_str().unwrap().to_owned();
        assert!(answer.json["detail"].as_str().unwrap().contains(&id), "{answer:?}");
        id
    };
    let refused = api.send_as_player("p1", "hello").await;
    let id = resend(&refused, "messageId");
    let given = Uuid::now_v7().to_string();
    let message = json!({
        "messageId": given.to_uppercase(), "playerId": "p1", "senderType": "player",
        "content": "hello"
    });
    assert_eq!(resend(&api.send(&message).await, "messageId"), given);
    let change = resend(&api.change_status("p1", "resolved").await, "changeId");
    assert!(change.parse::<Uuid>().is_ok());

    proxy.bring_back();
    let gateway = gateway.ready().await;
    let message = json!({
        "messageId": id, "playerId": "p1", "senderType": "player", "content": "hello"
    });
    let accepted = gateway.api().send(&message).await;
    assert_eq!((accepted.status, &accepted.json["messageId"]), (202, &json!(id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_and_methods_get_a_problem() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let api: Api = gateway.api();
    let nothing = api.get("/nothing/here").await;
    assert_problem(&nothing, 404, "not-found");
    assert_eq!(nothing.json["title"], "Not found");
    let another = api.get(SEND).await;
    assert_problem(&another, 405, "method-not-allowed");
    assert_eq!(another.json["title"], "Method not allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn longest_message_in_the_longest_json_encoding_is_accepted() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let escaped = "\\ud83d\\ude00".repeat(4_000);
    let body = format!(r#"{{"playerId":"p1","senderType":"player","content":"{escaped}"}}"#);
    let answer = gateway.api().post_raw(SEND, "application/json", body.into_bytes()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
}

fn assert_invalid_field(answer: &Answer, field: &str) {
    assert_problem(answer, 400, "invalid-field");
    assert_eq!(answer.json["field"], field, "{answer:?}");
    assert!(answer.json["detail"].as_str().unwrap().starts_with(field), "{answer:?}");
}

fn assert_problem(answer: &Answer, status: u16, kind: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.json["status"], status);
    assert_eq!(answer.json["type"], format!("urn:problem-type:player-portal-chat:{kind}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn last_seq_accepts_every_json_form_of_a_whole_number() {
    let system = System::new().await;
    let api = system.gateway().await.api();
    let resolve = async |last_seq: serde_json::Value| {
        let body = json!({ "status": "resolved", "lastSeq": last_seq });
        api.post("/api/unified-chat/conversations/p1/status", &body).await
    };
    for whole in [json!(5), json!(5.0), json!(0)] {
        assert_eq!(resolve(whole).await.status, 202);
    }
    for other in [json!(5.5), json!(-1), json!(-1.0), json!("5"), json!(1e300)] {
        let answer = resolve(other).await;
        assert_eq!((answer.status, &answer.json["field"]), (400, &json!("lastSeq")), "{answer:?}");
    }
}
