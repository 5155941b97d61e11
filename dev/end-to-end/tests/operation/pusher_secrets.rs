//! The rotation of Pusher's key and secret and of the key that encrypts channels, as
//! docs/operations/secrets.md describes it, under load.

use std::collections::HashSet;

use serde_json::json;
use stack::{Running, Service, set_pusher_variables};
use test_support::{PusherControl, Script, System, eventually};

use crate::{
    fleet::{Fleet, restart},
    programs::{Programs, Release, api},
    senders::{Sender, persisted},
};

const WORKERS: [Service; 2] = [Service::Broadcaster, Service::Persister];

const NEW_KEY: &str = "second";
const NEW_SECRET: &str = "the secret of the second key";

const OLD_MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW_MASTER_KEY: &str = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

/// The programs with a local-pusher that has its `own` variables.
async fn with_pusher(system: &System, own: &[(&str, &str)]) -> (Programs, Running) {
    let mut programs = Programs::new().await;
    programs.use_servers(&system.database.url, &system.broker.url);
    let release = Release::current();
    let pusher = programs.start(&release, Service::LocalPusher, "local-pusher", own).await;
    set_pusher_variables(pusher.address, &mut programs.variables);
    (programs, pusher)
}

/// Waits until Pusher has accepted each of these messages.
async fn broadcast(pusher: &PusherControl, accepted: &HashSet<String>) {
    eventually("all messages are broadcast", async || {
        let events = pusher.accepted().await;
        let events = events["lastEvents"].as_array().unwrap().iter();
        let bodies: Vec<_> = events.map(|event| event["data"].as_str().unwrap()).collect();
        let is_broadcast = |id: &String| bodies.iter().any(|data| data.contains(id));
        accepted.iter().all(is_broadcast).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_of_pushers_key_and_secret_loses_no_broadcast() {
    let system = System::new().await;
    let new = [("LOCAL_PUSHER_SECOND_KEY", NEW_KEY), ("LOCAL_PUSHER_SECOND_SECRET", NEW_SECRET)];
    let (mut programs, pusher) = with_pusher(&system, &new).await;
    let own = [("AUTH_MODE", "off"), ("QUEUE_PREFIX", &*system.broker.prefix)];
    let mut fleet = Fleet::start(&programs, Release::current(), &WORKERS, &own).await;
    let mut sender = Sender::start("p1", fleet.apis());
    sender.wait_for_progress().await;

    programs.variables.set("PUSHER_KEY", NEW_KEY);
    programs.variables.set("PUSHER_SECRET", NEW_SECRET);
    fleet.replace_workers(&programs, &own).await;
    sender.wait_for_progress().await;
    fleet.replace_gateways(&programs, &own, &mut [(&mut sender, "")]).await;
    let gateway = api(&fleet.gateways[0]);
    assert_eq!(gateway.get("/api/portal/config").await.json["pusher"]["key"], NEW_KEY);
    let signed = gateway.subscribe("private-player-p1").await.json;
    assert!(signed["auth"].as_str().unwrap().starts_with("second:"), "{signed}");
    let mut accepted: HashSet<_> = sender.stop().await.into_iter().collect();
    let control = PusherControl::new(pusher.address);
    broadcast(&control, &accepted).await;

    // The first pair is deleted. Pusher then refuses every call that it signed.
    let deleted = [
        ("PUSHER_KEY", NEW_KEY),
        ("PUSHER_SECRET", NEW_SECRET),
        ("LOCAL_PUSHER_SECOND_KEY", "a third key"),
    ];
    restart(&pusher, &deleted).await;
    let mut sender = Sender::start("p1", fleet.apis());
    sender.wait_for_progress().await;
    let later: HashSet<_> = sender.stop().await.into_iter().collect();
    broadcast(&control, &later).await;
    accepted.extend(later);
    assert_eq!(persisted(&system.database, accepted.len()).await, accepted);
    programs.supervisor.stop().await;
}

/// Between the two restarts browsers cannot decrypt events. Nothing is lost, and afterwards a browser
/// receives events without being loaded again.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_of_the_encryption_key_loses_no_message_and_open_pages_receive_events_again() {
    let channel = "private-encrypted-player-p1";
    let system = System::new().await;
    let (programs, pusher) = with_pusher(&system, &[]).await;
    let own = [
        ("AUTH_MODE", "off"),
        ("QUEUE_PREFIX", &*system.broker.prefix),
        ("PUSHER_CHANNEL_ACCESS", "encrypted"),
        ("PUSHER_ENCRYPTION_MASTER_KEY", OLD_MASTER_KEY),
    ];
    let fleet = Fleet::start(&programs, Release::current(), &WORKERS, &own).await;
    let mut browser = browser(&programs, &pusher, &fleet.gateways[0], channel);
    browser.fact("a subscription", |fact| fact["subscribed"] == channel).await;
    let mut sender = Sender::start("p1", fleet.apis());
    sender.wait_for_progress().await;
    browser.fact("a message", |fact| fact["event"] == "message-sent").await;

    let new = [("PUSHER_ENCRYPTION_MASTER_KEY", NEW_MASTER_KEY)];
    fleet.restart_gateways(&new).await;
    fleet.restart_workers(&new).await;
    sender.wait_for_progress().await;
    let sent = api(&fleet.gateways[0]).send_as_player("p1", "by the new key").await;
    assert_eq!(sent.status, 202);
    let is_new = |fact: &serde_json::Value| fact["data"]["content"] == "by the new key";
    browser.fact("a message that the new key encrypted", is_new).await;

    let late = sent.json["messageId"].as_str().unwrap().to_owned();
    let accepted: HashSet<_> = sender.stop().await.into_iter().chain([late]).collect();
    assert_eq!(persisted(&system.database, accepted.len()).await, accepted);
    programs.supervisor.stop().await;
}

/// A browser that is subscribed to `channel`, and requests signatures of `gateway`.
fn browser(programs: &Programs, pusher: &Running, gateway: &Running, channel: &str) -> Script {
    let settings = [
        ("AUTH_HEADERS", json!({}).to_string()),
        ("PUSHER_KEY", programs.variables.get("PUSHER_KEY").unwrap().to_owned()),
        ("PUSHER_HOST", pusher.address.ip().to_string()),
        ("PUSHER_PORT", pusher.address.port().to_string()),
        ("CHANNELS", channel.to_owned()),
        ("AUTH_ENDPOINT", format!("http://{}/api/pusher/auth", gateway.address)),
    ];
    let settings = settings.iter().map(|(name, value)| (*name, value.as_str()));
    Script::start("listen.mjs", settings)
}
