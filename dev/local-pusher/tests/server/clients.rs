//! pusher-js and the official server SDK, against this server.

use std::net::SocketAddr;

use serde_json::{Value, json};
use test_support::Script;

use crate::{harness::start, node::start_script};

/// Who signs subscriptions, and where it is asked to.
async fn authorizer(server: SocketAddr, settings: &[(&str, &str)]) -> (Script, String) {
    let mut script = start_script("authorize.mjs", server, settings);
    let fact = script.fact_with("endpoint").await;
    (script, fact["endpoint"].as_str().expect("a URL").to_owned())
}

/// A listener that is let into private and presence channels as `user`.
fn listener(server: SocketAddr, endpoint: &str, channels: &str, user: &str) -> Script {
    let headers = json!({"X-User-Id": user}).to_string();
    let settings =
        [("CHANNELS", channels), ("AUTH_ENDPOINT", endpoint), ("AUTH_HEADERS", &headers)];
    start_script("listen.mjs", server, &settings)
}

async fn subscribed(listener: &mut Script, channel: &str) {
    listener.fact(channel, |fact| fact["subscribed"] == channel).await;
}

async fn event(listener: &mut Script, name: &str) -> Value {
    listener.fact(name, |fact| fact["event"] == name).await
}

#[tokio::test]
async fn what_the_sdk_triggers_arrives_in_pusher_js() {
    let server = start();
    let (_authorizer, endpoint) = authorizer(server.addr(), &[]).await;
    let channels = "staff-portal,private-player-1";
    let mut listener = listener(server.addr(), &endpoint, channels, "1");
    subscribed(&mut listener, "staff-portal").await;
    subscribed(&mut listener, "private-player-1").await;

    let mut sdk = start_script("trigger.mjs", server.addr(), &[]);
    sdk.command(&json!({"trigger": [["staff-portal"], "new-player-message", {"text": "hé 👋"}]}))
        .await;
    assert_eq!(sdk.fact_with("status").await, json!({"status": 200, "body": {}}));
    let fact = event(&mut listener, "new-player-message").await;
    assert_eq!(fact["channel"], "staff-portal");
    assert_eq!(fact["data"], json!({"text": "hé 👋"}));

    let batch: Vec<_> = (0..10)
        .map(|number| {
            let data = json!({"number": number});
            json!({"channel": "private-player-1", "name": "message-sent", "data": data})
        })
        .collect();
    sdk.command(&json!({"triggerBatch": [batch]})).await;
    assert_eq!(sdk.fact_with("status").await["status"], 200);
    for number in 0..10 {
        assert_eq!(event(&mut listener, "message-sent").await["data"], json!({"number": number}));
    }
}

#[tokio::test]
async fn the_sender_is_left_out_by_the_sdk_too() {
    let server = start();
    let settings = [("CHANNELS", "room")];
    let mut sender = start_script("listen.mjs", server.addr(), &settings);
    let mut other = start_script("listen.mjs", server.addr(), &settings);
    let socket_id = sender.fact_with("connected").await["connected"].clone();
    subscribed(&mut sender, "room").await;
    subscribed(&mut other, "room").await;
    let mut sdk = start_script("trigger.mjs", server.addr(), &[]);
    sdk.command(&json!({"trigger": ["room", "not-for-all", {}, {"socket_id": socket_id}]})).await;
    sdk.command(&json!({"trigger": ["room", "for-all", {}]})).await;
    event(&mut other, "not-for-all").await;
    event(&mut other, "for-all").await;
    assert_eq!(sender.fact_with("event").await["event"], "for-all");
}

#[tokio::test]
async fn members_see_one_another_and_send_client_events() {
    let server = start();
    let (_authorizer, endpoint) = authorizer(server.addr(), &[]).await;
    let room = "presence-room";
    let mut ada = listener(server.addr(), &endpoint, room, "ada");
    subscribed(&mut ada, room).await;
    let mut bob = listener(server.addr(), &endpoint, room, "bob");
    subscribed(&mut bob, room).await;

    let added = event(&mut ada, "pusher:member_added").await;
    assert_eq!(added["data"], json!({"id": "bob", "info": {"name": "user bob"}}));
    let wave = json!({"channel": room, "event": "client-wave", "data": {"hand": "left"}});
    bob.command(&json!({"send": wave})).await;
    assert_eq!(event(&mut ada, "client-wave").await["data"], json!({"hand": "left"}));

    let mut sdk = start_script("trigger.mjs", server.addr(), &[]);
    let get = |path: &str, params: Value| json!({"get": [{"path": path, "params": params}]});
    let users = get("/channels/presence-room/users", json!({}));
    sdk.command(&users).await;
    let answer = sdk.fact_with("status").await;
    assert_eq!(answer["body"], json!({"users": [{"id": "ada"}, {"id": "bob"}]}));
    let counted = json!({"filter_by_prefix": "presence-", "info": "user_count"});
    sdk.command(&get("/channels", counted)).await;
    let answer = sdk.fact_with("status").await;
    assert_eq!(answer["body"], json!({"channels": {"presence-room": {"user_count": 2}}}));

    drop(bob);
    event(&mut ada, "pusher:member_removed").await;
}

#[tokio::test]
async fn pusher_js_is_told_what_is_wrong() {
    let server = start();
    let wrong_secret = [("PUSHER_SECRET", "wrong")];
    let (_authorizer, endpoint) = authorizer(server.addr(), &wrong_secret).await;
    let mut forged = listener(server.addr(), &endpoint, "private-room", "1");
    let error = forged.fact_with("error").await;
    assert_eq!(error["error"], Value::Null);
    assert!(error["message"].as_str().unwrap().starts_with("Invalid signature"), "{error}");

    let refused = json!({"X-Refuse": "403"}).to_string();
    let settings =
        [("CHANNELS", "private-room"), ("AUTH_ENDPOINT", &*endpoint), ("AUTH_HEADERS", &*refused)];
    let mut refused = start_script("listen.mjs", server.addr(), &settings);
    let error = refused.fact_with("subscriptionError").await;
    assert_eq!(error, json!({"subscriptionError": "private-room", "status": 403}));

    let mut unknown = start_script("listen.mjs", server.addr(), &[("PUSHER_KEY", "other-key")]);
    assert_eq!(unknown.fact_with("error").await["error"], 4001);
}

#[tokio::test]
async fn the_sdk_is_told_what_is_wrong() {
    let server = start();
    let mut sdk = start_script("trigger.mjs", server.addr(), &[("PUSHER_SECRET", "wrong")]);
    sdk.command(&json!({"trigger": ["room", "e", {}]})).await;
    assert_eq!(sdk.fact_with("status").await["status"], 401);
    let mut sdk = start_script("trigger.mjs", server.addr(), &[]);
    sdk.command(&json!({"trigger": ["room", "e", "x".repeat(10_241)]})).await;
    assert_eq!(sdk.fact_with("status").await["status"], 413);
}
