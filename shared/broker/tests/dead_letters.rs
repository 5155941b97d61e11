//! The declaration of queues of dead letters.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use broker::{ConsumerKind, Partition, Publisher, dead_letters};
use test_support::Broker;

#[tokio::test]
async fn queues_of_dead_letters_are_declared_with_a_bound() {
    service::install_crypto();
    let broker = Broker::connect().await;
    drop(Publisher::connect(&broker.settings(), Partition::FIRST, "test").await.unwrap());
    for worker in ConsumerKind::ALL {
        let queue = broker.names().dead_letters(worker);
        let refusal = broker.make_unbounded_dead_letters(&queue).await.unwrap_err();
        assert!(refusal.contains("PRECONDITION"), "{refusal}");
        assert!(refusal.contains("x-overflow") || refusal.contains("x-max-length"), "{refusal}");
    }
}

#[tokio::test]
async fn an_unbounded_queue_of_an_older_release_is_used_as_it_is() {
    service::install_crypto();
    let broker = Broker::connect().await;
    let queue = broker.names().dead_letters(ConsumerKind::Persister);
    broker.make_unbounded_dead_letters(&queue).await.unwrap();
    let publisher = Publisher::connect(&broker.settings(), Partition::FIRST, "test").await;
    dead_letters::dead_letter(&mut publisher.unwrap(), &queue, b"letter", "a reason")
        .await
        .unwrap();
    assert_eq!(broker.depth(&queue).await, Some(1));
    broker.make_unbounded_dead_letters(&queue).await.unwrap();
}
