//! A brief drill of each group. A fault lasts until a number of sends is answered or until its
//! effect is observed, and no verdict depends on the time of an answer.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use chaos::{Options, Parts, Scale, run};
use service::install_crypto;
use tokio_util::sync::CancellationToken;

/// Inflicts the faults, which have the same plan, on one system, and fails on any problem.
async fn drill(names: &[&str]) {
    install_crypto();
    let all = chaos::all();
    let find = |name: &&str| all.iter().find(|fault| fault.name == *name).unwrap().clone();
    let faults: Vec<_> = names.iter().map(find).collect();
    let own = Path::new(env!("CARGO_BIN_EXE_chaos"));
    let options = Options {
        directory: Path::new(env!("CARGO_TARGET_TMPDIR")).join("drills"),
        parts: Parts { binaries: own.parent().unwrap().to_owned(), rabbitmq_root: None },
        seed: 1,
        scale: Scale::Brief,
        stop: CancellationToken::new(),
    };
    let row = run(&faults, &options).await;
    assert_eq!(row.problems, Vec::<String>::new(), "{row:#?}");
    assert!(row.accepted > 0 && row.accepted == row.sent, "{row:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_killed_services() {
    drill(&["gateway-killed", "persister-killed", "broadcaster-killed", "all-killed"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_a_rolling_restart() {
    drill(&["rolling-restart"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_a_change_of_partitions() {
    drill(&["repartition"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_a_change_of_partitions_in_the_wrong_order() {
    drill(&["repartition-astray"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_postgresql_down_hung_or_refusing() {
    drill(&[
        "postgres-killed",
        "postgres-hung",
        "postgres-cut",
        "postgres-read-only",
        "postgres-full-up",
        "postgres-locked",
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_postgresql_down_beyond_the_acknowledgement_timeout() {
    drill(&["postgres-long-away"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_rabbitmq_down_hung_or_refusing() {
    drill(&[
        "rabbitmq-killed",
        "rabbitmq-hung",
        "memory-alarm",
        "disk-alarm",
        "channels-closed",
        "connections-closed",
        "queue-leaderless",
        "queues-deleted",
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_a_full_queue() {
    drill(&["queue-full"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_connections_cut_at_every_step() {
    drill(&[
        "cut-at-connect",
        "cut-at-open",
        "cut-at-declare",
        "cut-at-publish",
        "cut-at-confirm",
        "cut-at-ack",
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_lost_and_partitioned_nodes() {
    drill(&["leader-killed", "majority-killed", "partition"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_pusher_down_hung_or_refusing() {
    drill(&[
        "pusher-refuses",
        "pusher-500",
        "pusher-429",
        "pusher-401",
        "pusher-403",
        "pusher-hangs",
        "pusher-closes",
        "pusher-loses",
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_persisted_while_pusher_is_slow() {
    drill(&["pusher-slow"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_becomes_dead_letters_and_nothing_else_does() {
    drill(&["poison"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_replayed_once() {
    drill(&["replay", "replay-killed"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_wrong_clocks() {
    drill(&["clocks-apart", "clock-jumps"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_overload() {
    drill(&["back-pressure"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abusive_client_leaves_others_served() {
    drill(&["half-sent-heads", "unread-answers", "floods", "one-message-id", "huge-body"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn abusers_of_connections_leave_others_served() {
    drill(&["one-address", "many-addresses"]).await;
}
