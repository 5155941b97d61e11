//! Several partitions of the queues.

use broker::{ConsumerKind, Partition, QueueNames};
use chat::{body::decode, event::Event};
use test_support::{System, body, eventually, message, player_of_each};

use crate::support::{event, until_persisted};

async fn put(system: &System, partition: Partition, player: &str) {
    let queue = system.broker.names().queue_of(ConsumerKind::Persister, partition);
    assert!(system.broker.put(&queue, &body([event(&message(player, "hello"))])).await);
}

/// The players whose sessions were announced to the broadcasters of `partition`.
async fn announced(system: &System, partition: Partition) -> Vec<String> {
    let queue = system.broker.names().queue_of(ConsumerKind::Broadcaster, partition);
    let events = system.broker.drain_events_of(&queue).await;
    let sessions = events.iter().filter(|event| matches!(event, Event::SessionUpdated(_)));
    sessions.map(|event| event.player_id().unwrap().as_str().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_partition_is_consumed_and_receives_its_players_session_updates() {
    let system = System::new().await;
    let persister = system.persister_with(&["--queue-partitions=4"]).ready().await;
    let players = player_of_each(4);
    for (partition, player) in &players {
        put(&system, *partition, player).await;
    }
    until_persisted(&system, 4).await;
    persister.stop().await;
    for (partition, player) in &players {
        assert_eq!(announced(&system, *partition).await, [player.as_str()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_in_a_players_former_partition_are_announced_in_the_current_one() {
    let system = System::new().await;
    let persister = system.persister_with(&["--queue-partitions=4"]).ready().await;
    let players = player_of_each(4);
    let bodies = players.iter().map(|(_, player)| event(&message(player, "hello")));
    system.broker.publish(&body(bodies)).await;
    until_persisted(&system, 4).await;
    persister.stop().await;
    for (partition, player) in &players {
        assert!(announced(&system, *partition).await.contains(player), "{partition}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_cannot_announce_delays_no_other() {
    let system = System::new().await;
    let settings = ["--queue-partitions=2", "--queue-max-bytes=2000"];
    let persister = system.persister_with(&settings).ready().await;
    let [(first, one), (second, other)] = &player_of_each(2)[..] else { unreachable!() };
    let names = system.broker.names();
    let full = names.queue_of(ConsumerKind::Broadcaster, *second);
    while system.broker.put(&full, &[b'x'; 1_000]).await {}
    put(&system, *second, other).await;
    let api = persister.api();
    eventually("the persister cannot announce", async || {
        let ready = api.get("/health/ready").await;
        (ready.json["dependencies"]["announcing"] == "down").then_some(())
    })
    .await;
    put(&system, *first, one).await;
    eventually("the other partition's session is announced", async || {
        announced(&system, *first).await.contains(one).then_some(())
    })
    .await;
    // The persister may announce as soon as the queue has room, while it is still being drained.
    let drained = system.broker.drain(&full).await;
    let drained = drained.iter().filter_map(|body| decode(body).ok()).flatten().flatten();
    let is_announced =
        drained.into_iter().any(|event| event.player_id().unwrap().as_str() == other);
    eventually("the session is announced after all", async || {
        (is_announced || announced(&system, *second).await.contains(other)).then_some(())
    })
    .await;
    persister.stop().await;
    assert_eq!(waiting(&system, &names, 2).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn surplus_partitions_are_consumed_too() {
    let system = System::new().await;
    let players = player_of_each(4);
    system.persister_with(&["--queue-partitions=4"]).ready().await.stop().await;
    for (partition, player) in &players {
        put(&system, *partition, player).await;
    }
    let persister = system.persister().await;
    until_persisted(&system, 4).await;
    persister.stop().await;
    assert_eq!(waiting(&system, &system.broker.names(), 4).await, 0);
    // A persister with one partition announces to the broadcasters of that one.
    assert_eq!(announced(&system, players[0].0).await.len(), 4);
}

async fn waiting(system: &System, names: &QueueNames, partitions: u16) -> u32 {
    let mut waiting = 0;
    for queue in names.queues(ConsumerKind::Persister, test_support::partitions(partitions)) {
        waiting += system.broker.depth(&queue).await.unwrap();
    }
    waiting
}
