use broker::ConsumerKind;
use chat::event::Event;
use reqwest::header;
use serde_json::{Value, json};
use test_support::{Answer, Api, Proxy, System};
use uuid::Uuid;

use crate::raw::Connection;

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
        ("limit=1&limit=2", "limit"),
        ("limit=", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit[]=1", "limit[]"),
        ("page=2", "page"),
        ("Limit=1", "Limit"),
    ] {
        let answer = api.conversation("p1", query).await;
        names(&answer, field);
        assert!(!answer.json["detail"].as_str().unwrap().contains("body"), "{answer:?}");
    }
    let answer = api.inbox("status[]=pending").await;
    names(&answer, "status[]");
    assert!(answer.json["detail"].as_str().unwrap().contains("status, order, limit"), "{answer:?}");
    // Other clients take these out of an address.
    for dots in [".", "..", "%2e", ".%2E"] {
        let path = format!("/api/unified-chat/conversations/{dots}");
        assert_eq!(Connection::open(&gateway).await.get(&path).await, 400, "{dots}");
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
        is_problem(&answer, status, kind);
    }
    let invalid_utf8 = b"{\"playerId\":\"p1\",\"senderType\":\"player\",\"content\":\"\xff\xfe\"}";
    names(&api.post_raw(SEND, json, invalid_utf8.to_vec()).await, "content");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_change_that_is_an_array_is_refused() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let path = "/api/unified-chat/conversations/p1/status";
    let by_position = json!(["resolved", null, null, null]);
    is_problem(&gateway.api().post(path, &by_position).await, 400, "invalid-body");
    let as_a_map = json!({ "status": { "resolved": null } });
    names(&gateway.api().post(path, &as_a_map).await, "status");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_another_encoding_is_refused_in_words_that_name_the_encoding() {
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
        is_problem(&answer, 400, "invalid-body");
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
            is_problem(&answer, 415, "unsupported-media-type");
            assert_eq!(answer.headers[header::ACCEPT_ENCODING], "identity");
        }
    }
    let answer = api.post_raw(SEND, "text/plain", message.into()).await;
    assert_eq!(answer.headers[header::ACCEPT], "application/json");
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_emoji_is_refused_as_half_a_surrogate_pair() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    for half in ["\\ud83d", "\\ude00", "\\ud83d\\n", "\\ud83d\\ud83d", "a\\ud83d b"] {
        let body = format!(r#"{{"playerId":"p1","senderType":"player","content":"{half}"}}"#);
        let answer = gateway.api().post_raw(SEND, "application/json", body.into_bytes()).await;
        names(&answer, "content");
        assert!(answer.json["detail"].as_str().unwrap().contains("surrogate"), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_is_accepted_as_windows_and_right_to_left_writers_send_it() {
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
async fn a_client_that_made_no_id_learns_the_id_to_send_again_with() {
    let system = System::new().await;
    let proxy = Proxy::start(&system.broker.server(), false).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    let gateway = system.gateway_with(&[&through]);
    let api = gateway.api();
    let resend = |answer: &Answer, member: &str| {
        is_problem(answer, 503, "not-accepted");
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
async fn what_is_not_there_gets_a_problem_too() {
    let system = System::new().await;
    let gateway = system.gateway().await;
    let api: Api = gateway.api();
    let nothing = api.get("/nothing/here").await;
    is_problem(&nothing, 404, "not-found");
    assert_eq!(nothing.json["title"], "Not found");
    let another = api.get(SEND).await;
    is_problem(&another, 405, "method-not-allowed");
    assert_eq!(another.json["title"], "Method not allowed");
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

#[tokio::test(flavor = "multi_thread")]
async fn a_last_seq_is_a_whole_number_however_json_writes_it() {
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
