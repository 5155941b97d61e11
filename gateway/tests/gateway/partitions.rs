//! Players are distributed over several pairs of queues, each of which fails alone.

use broker::ConsumerKind;
use test_support::{System, eventually, player_of_each};

const FOUR: &str = "--queue-partitions=4";

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_player_are_published_to_the_queues_of_its_partition_alone() {
    let system = System::new().await;
    let gateway = system.gateway_with(&[FOUR]).ready().await;
    let api = gateway.api();
    let players = player_of_each(4);
    for (_, player) in &players {
        assert_eq!(api.send_as_player(player, "hello").await.status, 202);
        assert_eq!(api.send_as_staff(player, "hello").await.status, 202);
        assert_eq!(api.change_status(player, "resolved").await.status, 202);
    }
    for worker in ConsumerKind::ALL {
        for (partition, player) in &players {
            let queue = system.broker.names().queue_of(worker, *partition);
            let events = system.broker.drain_events_of(&queue).await;
            assert_eq!(events.len(), 3, "{queue}");
            assert!(
                events
                    .iter()
                    .all(|event| event.player_id().is_some_and(|id| id.as_str() == player)),
                "{queue}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_queue_rejects_sends_of_its_partition_alone_and_is_declared_again() {
    for worker in ConsumerKind::ALL {
        let system = System::new().await;
        let settings = [FOUR, "--topology-check-interval=60m"];
        let gateway = system.gateway_with(&settings).ready().await;
        let api = gateway.api();
        let [(_, first), (second, hit), ..] = &player_of_each(4)[..] else { unreachable!() };
        let queue = system.broker.names().queue_of(worker, *second);
        system.broker.delete_queue(&queue).await;
        assert_eq!(api.send_as_player(hit, "returned").await.status, 503);
        assert_eq!(api.send_as_player(first, "hello").await.status, 202);
        eventually("the queue is there again", async || {
            (api.send_as_player(hit, "accepted").await.status == 202).then_some(())
        })
        .await;
        assert_eq!(system.broker.drain_events_of(&queue).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn full_queue_rejects_sends_of_its_partition_alone() {
    let system = System::new().await;
    let gateway = system.gateway_with(&[FOUR, "--queue-max-bytes=2000"]).ready().await;
    let api = gateway.api();
    let [(_, first), (second, hit), ..] = &player_of_each(4)[..] else { unreachable!() };
    let queue = system.broker.names().queue_of(ConsumerKind::Persister, *second);
    while system.broker.put(&queue, &[b'x'; 1_000]).await {}
    assert_eq!(api.send_as_player(hit, "refused").await.status, 503);
    assert_eq!(api.send_as_player(first, "hello").await.status, 202);
    let ready = api.get("/health/ready").await;
    assert_eq!((ready.status, &ready.json["dependencies"][&queue]), (200, &"down".into()));
    assert_eq!(api.metric(&format!("chat_gateway_queue_refusing{{queue=\"{queue}\"}}")).await, 1);

    system.broker.drain(&queue).await;
    eventually("the queue is no longer named", async || {
        let ready = api.get("/health/ready").await;
        ready.json["dependencies"].get(&queue).is_none().then_some(())
    })
    .await;
}

/// The queue has other arguments than the services declare, so that it cannot be used.
#[tokio::test(flavor = "multi_thread")]
async fn readiness_is_per_partition() {
    let system = System::new().await;
    let [(first, one), (second, other)] = &player_of_each(2)[..] else { unreachable!() };
    for worker in ConsumerKind::ALL {
        system.broker.make_transient(&system.broker.names().queue_of(worker, *second)).await;
    }
    let gateway = system.gateway_with(&["--queue-partitions=2"]).ready().await;
    let api = gateway.api();
    assert_eq!(api.get("/health/ready").await.json["dependencies"]["broker"], "down");
    assert_eq!(api.send_as_player(one, "hello").await.status, 202);
    assert_eq!(api.send_as_player(other, "refused").await.status, 503);
    let queue = system.broker.names().queue_of(ConsumerKind::Persister, *first);
    assert_eq!(system.broker.drain_events_of(&queue).await.len(), 1);
}
