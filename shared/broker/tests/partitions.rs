//! Queues when the number of partitions changes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use broker::{
    BrokerError, BrokerSettings, Consumer, ConsumerKind, Partition, Publisher,
    dead_letters::{self, DeadLetters},
};
use chat::event::Event;
use test_support::{Broker, body, message, partitions, player_of_each};

fn settings(broker: &Broker, count: u16) -> BrokerSettings {
    BrokerSettings { queue_partitions: partitions(count), ..broker.settings() }
}

async fn deliveries(
    settings: &BrokerSettings,
    partition: Partition,
) -> Result<Consumer, BrokerError> {
    Consumer::connect(settings, ConsumerKind::Persister, partition, 1, "test").await
}

#[tokio::test]
async fn a_surplus_queue_is_consumed_while_it_exists_and_never_declared() {
    service::install_crypto();
    let broker = Broker::connect().await;
    let last = partitions(2).all().last().unwrap();
    let queue = broker.names().queue_of(ConsumerKind::Persister, last);
    drop(deliveries(&settings(&broker, 2), last).await.unwrap());
    assert!(broker.put(&queue, b"hello").await);

    let fewer = settings(&broker, 1);
    let mut surplus_partitions = deliveries(&fewer, last).await.unwrap();
    let delivery = surplus_partitions.next().await.unwrap();
    assert_eq!(delivery.body, b"hello");
    broker.delete_queue(&queue).await;
    assert!(matches!(surplus_partitions.next().await, Err(BrokerError::Cancelled)));
    assert!(matches!(deliveries(&fewer, last).await, Err(BrokerError::Gone)));
    assert_eq!(broker.depth(&queue).await, None);
}

#[tokio::test]
async fn a_dead_letter_is_replayed_to_its_players_current_partition() {
    service::install_crypto();
    let broker = Broker::connect().await;
    let (settings, names) = (settings(&broker, 4), broker.names());
    let dead = names.dead_letters(ConsumerKind::Persister);
    let mut publisher = None;
    for partition in settings.queue_partitions.all() {
        publisher = Some(Publisher::connect(&settings, partition, "test").await.unwrap());
    }
    let mut publisher = publisher.unwrap();
    for (_, player) in player_of_each(4) {
        let letter = body([Event::Message(Box::new(message(&player, "hello")))]);
        dead_letters::dead_letter(&mut publisher, &dead, &letter, "a test").await.unwrap();
    }
    dead_letters::dead_letter(&mut publisher, &dead, b"unreadable", "a test").await.unwrap();

    let letters = DeadLetters::open(&settings, ConsumerKind::Persister).await.unwrap();
    assert_eq!(letters.replay(usize::MAX).await.unwrap(), 5);
    for (partition, player) in player_of_each(4) {
        let mut bodies = broker.drain(&names.queue_of(ConsumerKind::Persister, partition)).await;
        if partition == Partition::FIRST {
            assert_eq!(bodies.pop().unwrap(), b"unreadable");
        }
        let body = String::from_utf8(bodies.pop().unwrap()).unwrap();
        assert!(bodies.is_empty() && body.contains(&player), "{partition}: {body}");
    }
}
