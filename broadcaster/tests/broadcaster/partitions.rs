//! A broadcaster consumes several partitions.

use broker::ConsumerKind;
use serde_json::json;
use test_support::{System, body, partitions, player_of_each};

use crate::support::{event, until_accepted};

async fn fill_four_partitions(system: &System) {
    for (partition, player) in player_of_each(4) {
        let queue = system.broker.names().queue_of(ConsumerKind::Broadcaster, partition);
        let hellos = (0..50).map(|_| event(&player, "hello"));
        assert!(system.broker.put(&queue, &body(hellos)).await);
    }
}

async fn all_acknowledged(system: &System) {
    for queue in system.broker.names().queues(ConsumerKind::Broadcaster, partitions(4)) {
        assert_eq!(system.broker.depth(&queue).await, Some(0), "{queue}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_partitions_share_the_allowed_calls() {
    let system = System::new().await;
    let settings = ["--queue-partitions=4", "--broadcast-concurrency=1"];
    system.broadcaster_with(&settings).ready().await.stop().await;
    fill_four_partitions(&system).await;
    system.pusher.fault(&json!({ "kind": "delay", "milliseconds": 20 })).await;
    let broadcaster = system.broadcaster_with(&settings).ready().await;
    until_accepted(&system, 400).await;
    assert_eq!(system.pusher.accepted().await["maxInFlight"], 1);
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn surplus_partitions_are_consumed() {
    let system = System::new().await;
    system.broadcaster_with(&["--queue-partitions=4"]).ready().await.stop().await;
    fill_four_partitions(&system).await;
    let broadcaster = system.broadcaster().await;
    until_accepted(&system, 400).await;
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}
