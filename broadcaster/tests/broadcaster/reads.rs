//! How far readers have read: of what waits for Pusher, only the newest state of a reader is sent.

use chat::{ReadState, event::Event};
use chrono::DateTime;
use serde_json::json;
use test_support::{System, body, eventually};
use uuid::Uuid;

use crate::support::{all_acknowledged, dead_letters, event, system, until_accepted};

/// That `reader` had read up to `seq` of the conversation of `player`, at the second `seq`.
fn read(player: &str, reader: &str, seq: i64) -> Event {
    Event::ReadUpdated(ReadState {
        player_id: player.to_owned().try_into().unwrap(),
        reader: reader.to_owned().try_into().unwrap(),
        seq,
        message_id: Uuid::now_v7(),
        read_at: DateTime::from_timestamp(seq, 0).unwrap(),
    })
}

/// The `seq` of each `read-updated` event of the reader on the channel of `player`.
async fn sent(system: &System, player: &str, reader_type: &str) -> Vec<i64> {
    let channel = format!("player-{player}");
    let events = system.pusher.events().await.into_iter();
    let of_reader = events.filter(|(on, name, data)| {
        *on == channel && name == "read-updated" && data["readerType"] == reader_type
    });
    of_reader.map(|(_, _, data)| data["seq"].as_i64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_states_of_one_reader_reach_a_slow_pusher_as_few_events() {
    let system = system().await;
    let broadcaster = system.broadcaster_with(&["--broadcast-concurrency=2"]).ready().await;
    let api = broadcaster.api();
    system.pusher.fault(&json!({ "kind": "hang" })).await;
    // Each in a body of its own: many more than a broadcaster may hold.
    for seq in 1..=1_000 {
        system.broker.publish(&body([read("p1", "player", seq)])).await;
    }
    eventually("all but the few in calls are superseded", async || {
        (api.metric("chat_broadcaster_superseded_total").await >= 997).then_some(())
    })
    .await;
    assert_eq!(sent(&system, "p1", "player").await, [0_i64; 0]);
    system.pusher.behave().await;
    eventually("the newest state is sent", async || {
        sent(&system, "p1", "player").await.contains(&1_000).then_some(())
    })
    .await;
    broadcaster.stop().await;
    let sent = sent(&system, "p1", "player").await;
    assert!(sent.len() <= 3, "{sent:?}");
    assert_eq!(dead_letters(&system).await, Some(0));
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn states_of_several_readers_in_one_body_are_superseded_apart() {
    let system = system().await;
    let broadcaster = system.broadcaster_with(&["--broadcast-concurrency=1"]).ready().await;
    system.pusher.fault(&json!({ "kind": "hang" })).await;
    system.broker.publish(&body([event("p1", "hello")])).await;
    eventually("a call hangs", async || {
        (system.pusher.accepted().await["calls"] == 1).then_some(())
    })
    .await;
    let states = [
        read("p1", "player", 1),
        read("p1", "staff:ada", 2),
        // An older state that arrives late is not sent.
        read("p1", "staff:ada", 1),
        read("p2", "player", 3),
        read("p1", "player", 4),
    ];
    system.broker.publish(&body(states)).await;
    let api = broadcaster.api();
    eventually("two states are superseded", async || {
        (api.metric("chat_broadcaster_superseded_total").await == 2).then_some(())
    })
    .await;
    system.pusher.behave().await;
    until_accepted(&system, 2 + 3).await;
    assert_eq!(sent(&system, "p1", "player").await, [4]);
    assert_eq!(sent(&system, "p1", "staff").await, [2]);
    assert_eq!(sent(&system, "p2", "player").await, [3]);
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

/// The delivery of the newest state is unacknowledged until Pusher has accepted it.
#[tokio::test(flavor = "multi_thread")]
async fn the_newest_state_survives_a_broadcaster_that_is_killed() {
    let system = system().await;
    let broadcaster = system.broadcaster_with(&["--broadcast-concurrency=1"]).ready().await;
    let api = broadcaster.api();
    system.pusher.fault(&json!({ "kind": "hang" })).await;
    for seq in 1..=20 {
        system.broker.publish(&body([read("p1", "player", seq)])).await;
    }
    eventually("all but two states are superseded", async || {
        (api.metric("chat_broadcaster_superseded_total").await >= 18).then_some(())
    })
    .await;
    broadcaster.kill().await;
    system.pusher.behave().await;
    let broadcaster = system.broadcaster().await;
    eventually("the newest state is sent", async || {
        sent(&system, "p1", "player").await.contains(&20).then_some(())
    })
    .await;
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}
