//! Brief drills of what no smaller test shows: whole processes killed under load, and every message accounted for.
//! `make chaos` runs all drills. A fault lasts until a number of sends is answered or until its effect is observed, and
//! no verdict depends on the time of an answer.

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
async fn messages_survive_killed_and_restarted_services() {
    drill(&["gateway-killed", "all-killed", "rolling-restart"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_rabbitmq_down_or_refusing() {
    drill(&["rabbitmq-killed", "memory-alarm", "queue-leaderless", "queues-deleted"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_a_killed_database_a_hung_pusher_and_a_killed_replay() {
    drill(&["postgres-killed", "pusher-hangs", "replay-killed"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_cut_connections_to_rabbitmq() {
    drill(&["cut-at-confirm", "cut-at-ack"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_survive_a_change_of_partitions() {
    drill(&["repartition"]).await;
}
