//! The HTTP API: signatures, limits, and the record of accepted events.

use pusher::{RequestToSign, sign_request};
use serde_json::{Value, json};

use crate::{
    harness::{app, start, start_with},
    http::{accepted, call, now, post, sign, sign_at, trigger},
};

const EVENTS: &str = "/apps/3/events";
const BATCH: &str = "/apps/3/batch_events";

fn event() -> Value {
    json!({"name": "e", "channel": "room", "data": "{}"})
}

#[tokio::test]
async fn a_call_is_rejected_without_a_valid_key_signature_and_time() {
    let server = start();
    let addr = server.addr();
    let body = event().to_string();
    let good = sign("POST", EVENTS, &body);
    let other_key = {
        let request = RequestToSign { method: "POST", path: EVENTS, body: body.as_bytes() };
        let by = |key, secret: &str| sign_request(key, &secret.into(), request, now());
        [by("other-key", "the-secret"), by("the-key", "other-secret")]
    };
    let invalid = [
        EVENTS.to_owned(),
        good.replace("auth_version=1.0", "auth_version=2.0"),
        good.replace("auth_signature=", "auth_signature=00"),
        sign("POST", "/apps/3/other", &body).replace("/other", "/events"),
        sign("GET", EVENTS, &body),
        sign("POST", EVENTS, "another body"),
        sign("POST", EVENTS, ""),
        sign_at("POST", EVENTS, &body, now() - 700),
        sign_at("POST", EVENTS, &body, now() + 700),
        format!("{EVENTS}?{}", other_key[0]),
        format!("{EVENTS}?{}", other_key[1]),
    ];
    for target in invalid {
        assert_eq!(call(addr, "POST", &target, &body).await.status, 401, "{target}");
    }
    assert_eq!(accepted(addr).await["events"], 0);
    assert_eq!(call(addr, "POST", &good, &body).await.status, 200);
    let nearly_late = sign_at("POST", EVENTS, &body, now() - 500);
    assert_eq!(call(addr, "POST", &nearly_late, &body).await.status, 200);
    assert_eq!(accepted(addr).await["events"], 2);
}

#[tokio::test]
async fn another_application_is_answered_with_404() {
    let server = start();
    let answer = post(server.addr(), "/apps/4/events", &event()).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn the_limits_are_those_of_pusher() {
    let server = start();
    let addr = server.addr();
    let with = |field: &str, value: Value| {
        let mut event = event();
        event[field] = value;
        event
    };
    let hundred: Vec<_> = (0..100).map(|number| format!("room-{number}")).collect();
    let hundred_and_one: Vec<_> = (0..101).map(|number| format!("room-{number}")).collect();
    for (path, body, status) in [
        (EVENTS, event(), 200),
        (EVENTS, json!({"name": "e", "data": "", "channels": hundred}), 200),
        (EVENTS, json!({"name": "e", "data": "", "channels": hundred_and_one}), 400),
        (EVENTS, with("data", json!("x".repeat(10_240))), 200),
        (EVENTS, with("data", json!("x".repeat(10_241))), 413),
        (EVENTS, with("data", json!("x".repeat(2_000_000))), 413),
        (EVENTS, with("data", json!({})), 400),
        (EVENTS, with("channel", json!("x".repeat(164))), 200),
        (EVENTS, with("channel", json!("x".repeat(165))), 400),
        (EVENTS, with("channel", json!("a room")), 400),
        (EVENTS, with("name", json!("x".repeat(201))), 400),
        (EVENTS, with("socket_id", json!("1.2")), 200),
        (EVENTS, with("socket_id", json!("me")), 400),
        (EVENTS, json!([]), 400),
        (BATCH, json!({"batch": vec![event(); 10]}), 200),
        (BATCH, json!({"batch": vec![event(); 11]}), 400),
        (BATCH, json!({"batch": [event(), with("channel", json!(""))]}), 400),
        (BATCH, json!({"batch": [event(), with("data", json!("x".repeat(10_241)))]}), 413),
        (BATCH, json!({}), 400),
    ] {
        let answer = post(addr, path, &body).await;
        let shown: String = body.to_string().chars().take(200).collect();
        assert_eq!(answer.status, status, "{path} {shown}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_answered_with_400() {
    let server = start();
    for body in ["", "{", "text"] {
        let target = sign("POST", EVENTS, body);
        assert_eq!(call(server.addr(), "POST", &target, body).await.status, 400, "{body:?}");
    }
}

#[tokio::test]
async fn accepted_events_are_counted_and_returned() {
    let server = start_with(local_pusher::Settings {
        accepted_events: 2,
        ..local_pusher::Settings::new(app())
    });
    let addr = server.addr();
    trigger(addr, "room", "first").await;
    let second = json!({"name": "second", "channels": ["a", "b"], "data": "{}"});
    post(addr, EVENTS, &second).await;
    post(addr, BATCH, &json!({"batch": vec![event(); 3]})).await;
    post(addr, EVENTS, &json!({})).await;
    assert_eq!(
        accepted(addr).await,
        json!({
            "calls": 4, "events": 6, "byEvent": {"first": 1, "second": 2, "e": 3},
            "byStatus": {"200": 3, "400": 1}, "maxEventsPerCall": 3,
            "inFlight": 0, "maxInFlight": 1,
        })
    );
    let events = call(addr, "GET", "/control/accepted?events=true", "").await.json();
    let last = json!({"channel": "room", "name": "e", "data": "{}", "socketId": null});
    assert_eq!(events["lastEvents"], json!([last.clone(), last]));

    assert_eq!(call(addr, "DELETE", "/control/accepted", "").await.status, 204);
    assert_eq!(accepted(addr).await["calls"], 0);
}

#[tokio::test]
async fn accepted_events_are_returned_page_by_page() {
    let server = start_with(local_pusher::Settings {
        accepted_events: 4,
        ..local_pusher::Settings::new(app())
    });
    let addr = server.addr();
    let page = async |query: &str| {
        let target = format!("/control/accepted?events=true&{query}");
        let answer = call(addr, "GET", &target, "").await.json();
        let events = answer["lastEvents"].as_array().expect("events");
        let names: Vec<_> = events.iter().map(|event| event["name"].clone()).collect();
        json!([names, answer["next"], answer["forgotten"]])
    };
    assert_eq!(page("after=0").await, json!([[], 0, 0]));
    for name in ["1", "2", "3", "4", "5"] {
        trigger(addr, "room", name).await;
    }
    assert_eq!(page("after=0&limit=3").await, json!([["2", "3", "4"], 4, 1]));
    trigger(addr, "room", "6").await;
    assert_eq!(page("after=4&limit=3").await, json!([["5", "6"], 6, 0]));
    assert_eq!(page("after=6").await, json!([[], 6, 0]));
    assert_eq!(page("after=7").await, json!([[], 7, 0]));
    assert_eq!(page("after=1").await, json!([["3", "4", "5", "6"], 6, 1]));

    call(addr, "DELETE", "/control/accepted", "").await;
    trigger(addr, "room", "after-reset").await;
    assert_eq!(page("after=0").await, json!([["after-reset"], 1, 0]));
}
