//! Any input gets a response, and none is a 500.

use proptest::{
    collection::vec, option::weighted, prelude::*, sample::select, test_runner::TestCaseResult,
};
use serde_json::json;
use test_support::{
    RunningService, System,
    hostile::{always, any_bytes, nearly},
    token,
};
use tokio::runtime::Runtime;

use crate::raw::Connection;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const CONVERSATIONS: &[u8] = b"/api/unified-chat/conversations";

/// A request with arbitrary parts.
#[derive(Clone, Debug)]
struct Call {
    method: &'static str,
    target: Vec<u8>,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
}

#[test]
fn any_bytes_on_a_connection_get_a_response() {
    let bytes = prop_oneof![
        any_bytes(),
        any_bytes()
            .prop_map(|rest| [&b"GET /health/live HTTP/1.1\r\nhost: a\r\n"[..], &rest].concat()),
    ];
    always_served(50, &bytes, async |gateway, bytes| {
        let mut connection = Connection::open(gateway).await;
        connection.write(&bytes).await;
        connection.finish().await;
        // An incomplete head gets no response; every other response comes from the gateway.
        for status in connection.statuses().await {
            prop_assert!(status < 500, "{}", status);
        }
        Ok(())
    });
}

#[test]
fn any_request_gets_a_response() {
    let sent = |body| ("POST", b"/api/staff-chat-integration/send".to_vec(), JSON, body);
    let changed = |(player, body): (Vec<u8>, _)| {
        ("POST", [CONVERSATIONS, b"/", &player, b"/status"].concat(), JSON, body)
    };
    let marked = |(player, body): (Vec<u8>, _)| {
        ("POST", [CONVERSATIONS, b"/", &player, b"/read"].concat(), JSON, body)
    };
    let on_desk = |(method, path, body): (_, Vec<u8>, _)| (method, path, JSON, body);
    let subscribed = |body| ("POST", b"/api/pusher/auth".to_vec(), FORM, body);
    let read = |(target, body)| ("GET", target, JSON, body);
    let other = |(method, target, body)| (method, target, JSON, body);
    let call = prop_oneof![
        3 => messages().prop_map(sent),
        2 => (segment(), changes()).prop_map(changed),
        2 => (segment(), marks()).prop_map(marked),
        3 => desk_calls().prop_map(on_desk),
        2 => subscriptions().prop_map(subscribed),
        2 => (reads(), any_bytes()).prop_map(read),
        1 => (method(), target(), any_bytes()).prop_map(other),
    ];
    let other_kind = weighted(0.1, header_value());
    let calls = (call, other_kind, headers()).prop_map(|(call, other_kind, mut headers)| {
        let (method, target, kind, body) = call;
        headers.push(("content-type", other_kind.unwrap_or_else(|| kind.as_bytes().to_vec())));
        Call { method, target, headers, body }
    });
    always_served(500, &calls, async |gateway, call| {
        let mut connection = Connection::open(gateway).await;
        connection.write(&call.written()).await;
        connection.finish().await;
        let statuses = connection.statuses().await;
        prop_assert!(!statuses.is_empty(), "no answer");
        prop_assert!(statuses.iter().all(|status| *status < 500), "{:?}", statuses);
        Ok(())
    });
}

/// Checks `property` against a gateway with authentication, and that the gateway still serves
/// afterwards.
fn always_served<Inputs: Strategy>(
    cases: u32,
    inputs: &Inputs,
    property: impl AsyncFn(&RunningService, Inputs::Value) -> TestCaseResult,
) {
    let runtime = Runtime::new().unwrap();
    let system = runtime.block_on(System::new());
    // The timeout of a send, so that a slow machine causes no 503.
    let settings = [
        "--database-timeout=30s",
        "--read-marks=both",
        "--read-delay=0",
        "--team-desk=on",
        "--staff-teams=payments",
    ];
    let gateway = runtime.block_on(system.guarded_gateway(&settings));
    always(&runtime, cases, inputs, async |input| property(&gateway, input).await);
    runtime.block_on(async {
        let api = gateway.api().with_token(&token("player", "p1"));
        assert_eq!(api.send_as_player("p1", "still there?").await.status, 202);
        gateway.stop().await;
    });
}

impl Call {
    fn written(&self) -> Vec<u8> {
        let Self { method, target, headers, body } = self;
        let mut text =
            [method.as_bytes(), b" ", target, b" HTTP/1.1\r\nhost: gateway\r\n"].concat();
        for (name, value) in headers {
            text.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        let length = body.len();
        text.extend(format!("connection: close\r\ncontent-length: {length}\r\n\r\n").into_bytes());
        text.extend(body);
        text
    }
}

fn messages() -> impl Strategy<Value = Vec<u8>> {
    let id = "019aa6c4-3a33-7c5e-9d3c-3f6a3d1f2b10";
    nearly(vec![
        json!({
            "messageId": id, "playerId": "p1", "playerName": "Bo", "senderType": "player",
            "senderId": "p1", "senderName": "Bo", "content": "hello", "socketId": "1.2",
        }),
        json!({ "playerId": "p1", "senderType": "staff", "message": "hello" }),
    ])
}

fn changes() -> impl Strategy<Value = Vec<u8>> {
    let id = "019aa6c4-3a33-7c5e-9d3c-3f6a3d1f2b10";
    nearly(vec![json!({ "changeId": id, "status": "resolved" }), json!({ "status": "active" })])
}

fn marks() -> impl Strategy<Value = Vec<u8>> {
    let id = "019aa6c4-3a33-7c5e-9d3c-3f6a3d1f2b10";
    nearly(vec![json!({ "messageId": id }), json!({ "unreadFrom": id, "readerId": "ada" })])
}

/// Calls of a team's desk: method, path and body.
fn desk_calls() -> impl Strategy<Value = (&'static str, Vec<u8>, Vec<u8>)> {
    let id = "019aa6c4-3a33-7c5e-9d3c-3f6a3d1f2b10";
    let on_conversation = |name: &'static str, bodies| {
        (segment(), nearly(bodies)).prop_map(move |(player, body)| {
            ("POST", [CONVERSATIONS, b"/", &*player, b"/", name.as_bytes()].concat(), body)
        })
    };
    let availability = nearly(vec![json!({ "status": "online", "capacity": 5 })]);
    let reply = nearly(vec![json!({
        "changeId": id, "shortcut": "refund", "title": "Refund", "team": "payments",
        "bodies": { "en": "Soon", "de": "Bald" }
    })]);
    let reply_id = prop_oneof![4 => Just(id.as_bytes().to_vec()), 1 => text()];
    prop_oneof![
        on_conversation(
            "assignment",
            vec![
                json!({ "action": "claim", "changeId": id, "sessionId": id }),
                json!({ "action": "assign", "assigneeId": "ada", "assigneeName": "Ada" }),
                json!({ "action": "release", "team": "payments" }),
            ]
        ),
        on_conversation(
            "session",
            vec![json!({ "tags": { "add": ["a"], "remove": ["b"] }, "priority": "high" })]
        ),
        on_conversation("notes", vec![json!({ "noteId": id, "content": "@ada look" })]),
        availability.prop_map(|body| ("PUT", b"/api/staff/availability".to_vec(), body)),
        (reply_id, reply, select(vec!["PUT", "DELETE"])).prop_map(|(id, body, method)| {
            (method, [b"/api/staff/canned-replies/", &*id].concat(), body)
        }),
    ]
}

fn subscriptions() -> impl Strategy<Value = Vec<u8>> {
    let socket = prop_oneof![4 => Just(b"1.2".to_vec()), 1 => text()];
    let channels = [
        "private-player-p1",
        "private-staff-portal",
        "presence-staff-portal",
        "presence-conversation-p1",
    ];
    let channel = prop_oneof![
        4 => one_of(&channels),
        1 => text().prop_map(|name| [&b"private-player-"[..], &name].concat()),
        1 => text(),
    ];
    prop_oneof![
        4 => (socket, channel, text()).prop_map(|(socket, channel, rest)| {
            [b"socket_id=", &*socket, b"&channel_name=", &channel, b"&", &rest].concat()
        }),
        1 => any_bytes(),
    ]
}

/// Requests that read.
fn reads() -> impl Strategy<Value = Vec<u8>> {
    let names = [
        "limit", "before", "after", "cursor", "status", "order", "assignee", "team", "tag",
        "priority", "other",
    ];
    let values = [
        "1",
        "0",
        "-1",
        "9223372036854775808",
        "0:p1",
        "99999999999999999:p1",
        "u4w0:p1",
        "u0w-:p1",
        "pending,active",
        "waiting",
        "me",
        "none",
        "urgent,low",
    ];
    let value = prop_oneof![one_of(&values), text()];
    let parameter =
        (one_of(&names), value).prop_map(|(name, value)| [&*name, b"=", &value, b"&"].concat());
    let place = prop_oneof![
        Just(Vec::new()),
        segment().prop_map(|player| [&b"/"[..], &player].concat()),
        segment().prop_map(|player| [&b"/"[..], &player, b"/notes"].concat()),
    ];
    (place, vec(parameter, 0..4)).prop_map(|(place, parameters)| {
        [CONVERSATIONS, &place, b"?", &parameters.concat()].concat()
    })
}

fn segment() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => Just(b"p1".to_vec()), 1 => text()]
}

/// Any bytes as a segment of a path, raw or escaped.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let escaped = |bytes: Vec<u8>| -> Vec<u8> {
        bytes.iter().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect()
    };
    let any = || vec(any::<u8>(), 0..150);
    prop_oneof![
        3 => any().prop_map(escaped),
        1 => vec(0x21..0x7f_u8, 0..150),
        1 => any(),
    ]
}

fn target() -> impl Strategy<Value = Vec<u8>> {
    let known =
        ["/health/ready", "/docs/", "/openapi.json", "/metrics", "*", "//", "/../", "http://a/"];
    (one_of(&known), text()).prop_map(|(known, rest)| [known, rest].concat())
}

fn method() -> impl Strategy<Value = &'static str> {
    select(vec!["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "FIND-IT"])
}

/// A token, mostly a valid one, and other headers.
fn headers() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let good = ["player", "staff"].map(|role| format!("Bearer {}", token(role, "p1")).into_bytes());
    let token = prop_oneof![
        6 => select(good.to_vec()),
        1 => header_value().prop_map(|rest| [&b"Bearer "[..], &rest].concat()),
        1 => header_value(),
    ];
    let others = [
        "accept",
        "accept-encoding",
        "access-control-request-headers",
        "access-control-request-method",
        "content-encoding",
        "cookie",
        "date",
        "expect",
        "forwarded",
        "if-match",
        "if-none-match",
        "origin",
        "range",
        "te",
        "traceparent",
        "upgrade",
        "x-forwarded-for",
        "x-http-method-override",
    ];
    let others = vec((select(others.to_vec()), header_value()), 0..4);
    (token, others).prop_map(|(token, mut others)| {
        others.push(("authorization", token));
        others
    })
}

fn one_of(texts: &[&'static str]) -> impl Strategy<Value = Vec<u8>> + use<> {
    select(texts.to_vec()).prop_map(|text| text.as_bytes().to_vec())
}

fn header_value() -> impl Strategy<Value = Vec<u8>> {
    let written = prop_oneof![8 => 0x20..0x7f_u8, 1 => 0x80..=0xff_u8];
    prop_oneof![8 => vec(written, 0..100), 1 => vec(any::<u8>(), 0..100)]
}
