//! A short drill of each group. Nothing in them waits on the clock: a fault lasts until so many sends
//! were answered, or until what it is to bring about was seen.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use chaos::{Options, Parts, Scale, run};
use service::install_crypto;
use tokio_util::sync::CancellationToken;

/// Inflicts the faults, all of one plan, on one system, and fails when anything came of it that must
/// not.
async fn drill(names: &[&str]) {
    install_crypto();
    let all = chaos::all();
    let named = |name: &&str| all.iter().find(|fault| fault.name == *name).unwrap().clone();
    let faults: Vec<_> = names.iter().map(named).collect();
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
async fn services_die() {
    drill(&["gateway-killed", "persister-killed", "broadcaster-killed", "all-killed"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_restarted() {
    drill(&["rolling-restart"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_become_more_and_fewer() {
    drill(&["repartition"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_become_more_and_fewer_in_the_wrong_order() {
    drill(&["repartition-astray"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_is_away_or_hangs_or_refuses() {
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
async fn postgresql_is_away_for_longer_than_rabbitmq_waits() {
    drill(&["postgres-long-away"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbitmq_is_away_or_hangs_or_refuses() {
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
async fn a_queue_is_full() {
    drill(&["queue-full"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_to_rabbitmq_break_at_every_step() {
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
async fn nodes_of_a_cluster_are_away() {
    drill(&["leader-killed", "majority-killed", "partition"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pusher_is_away_or_hangs_or_refuses() {
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
async fn a_backlog_waits_for_a_slow_pusher() {
    drill(&["pusher-slow"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_is_in_the_queues() {
    drill(&["poison"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_put_back() {
    drill(&["replay", "replay-killed"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_are_wrong() {
    drill(&["clocks-apart", "clock-jumps"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_comes_than_can_be_dealt_with() {
    drill(&["back-pressure"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_takes_what_it_can_get() {
    drill(&["half-sent-heads", "unread-answers", "floods", "one-message-id", "huge-body"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn abusers_take_all_connections() {
    drill(&["one-address", "many-addresses"]).await;
}
