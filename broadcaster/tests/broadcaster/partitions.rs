//! Players are spread over several queues.

use broker::ConsumerKind;
use serde_json::json;
use test_support::{System, body, partitions, player_of_each};

use crate::support::{event, until_accepted};

async fn put_for_each_of_four(system: &System) {
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
async fn every_partition_is_worked_off_with_no_more_calls_than_allowed() {
    let system = System::new().await;
    let settings = ["--queue-partitions=4", "--broadcast-concurrency=1"];
    system.broadcaster_with(&settings).ready().await.stop().await;
    put_for_each_of_four(&system).await;
    system.pusher.fault(&json!({ "kind": "delay", "milliseconds": 20 })).await;
    let broadcaster = system.broadcaster_with(&settings).ready().await;
    until_accepted(&system, 400).await;
    assert_eq!(system.pusher.accepted().await["maxInFlight"], 1);
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_beyond_the_partitions_that_it_is_told_of_is_worked_off_too() {
    let system = System::new().await;
    system.broadcaster_with(&["--queue-partitions=4"]).ready().await.stop().await;
    put_for_each_of_four(&system).await;
    let broadcaster = system.broadcaster().await;
    until_accepted(&system, 400).await;
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}
