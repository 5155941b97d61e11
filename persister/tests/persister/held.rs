//! Batches that a persister cannot finish within `DELIVERY_HOLD`.

use broker::ConsumerKind;
use test_support::{Broker, Proxy, System, body, eventually, message};

use crate::support::{event, sessions, system, until_persisted, until_waiting};

const SHORT_HOLD: &str = "--delivery-hold=300ms";

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_requeued_once_while_the_database_is_unreachable() {
    let system = system().await;
    let proxy = Proxy::start(&system.database.server(), true).await;
    let through = format!("--database-url={}", system.database.url_through(proxy.addr()));
    let persister = system.persister_with(&[&through, SHORT_HOLD]).ready().await;
    let api = persister.api();
    proxy.take_away();
    publish(&system, 20).await;
    let queue = system.broker.names().queue(ConsumerKind::Persister);
    eventually("the batch is requeued", async || {
        (api.metric("chat_persister_given_back_total").await == 1).then_some(())
    })
    .await;
    system.broker.wait_for_depth(&queue, 1).await;
    assert_eq!(api.metric("chat_persister_given_back_total").await, 1);

    proxy.bring_back();
    until_persisted(&system, 20).await;
    persister.stop().await;
    assert_each_stored_once(&system, 20).await;
}

/// The database accepts connections, so that the persister does not wait for one.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_requeued_once_per_hold_while_the_database_writes_nothing() {
    let system = system().await;
    let persister = system.persister_with(&[SHORT_HOLD]).ready().await;
    let api = persister.api();
    let lock = system.database.lock("chat_messages").await;
    publish(&system, 20).await;
    eventually("the batch is requeued repeatedly", async || {
        (api.metric("chat_persister_given_back_total").await >= 3).then_some(())
    })
    .await;
    drop(lock);
    until_persisted(&system, 20).await;
    let consumed = api.metric("chat_persister_batch_events_count").await;
    let requeued = api.metric("chat_persister_given_back_total").await;
    assert!(consumed <= requeued + 1, "consumed {consumed} times, requeued {requeued} times");
    persister.stop().await;
    assert_each_stored_once(&system, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_event_of_a_requeued_batch_becomes_one_dead_letter() {
    let system = system().await;
    let slow = "CREATE FUNCTION slow(content text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        IF content = 'slow' THEN PERFORM pg_sleep(60); END IF; RETURN content <> 'refused'; END $$";
    system.database.run(slow).await;
    system
        .database
        .run("ALTER TABLE chat_messages ADD CONSTRAINT slow CHECK (slow(content))")
        .await;
    let persister = system.persister_with(&[SHORT_HOLD, "--database-timeout=1s"]).ready().await;
    let api = persister.api();
    let messages = ["refused", "slow"].map(|content| event(&message("p1", content)));
    system.broker.publish(&body(messages)).await;
    eventually("the batch is requeued repeatedly", async || {
        (api.metric("chat_persister_given_back_total").await >= 3).then_some(())
    })
    .await;
    // On a slow machine the short hold could end between a dead letter and its acknowledgement.
    persister.stop().await;
    let mended = "ALTER TABLE chat_messages DROP CONSTRAINT slow,
        ADD CONSTRAINT refused CHECK (content <> 'refused')";
    system.database.run(mended).await;
    system.work_off(1).await;
    let dead = system.broker.names().dead_letters(ConsumerKind::Persister);
    assert_eq!(system.broker.depth(&dead).await, Some(1));
}

/// RabbitMQ closes a channel when a delivery is unacknowledged for too long.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_channel_is_closed_is_written_once() {
    let system = system().await;
    let proxy = Proxy::start(&system.broker.server(), true).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    let persister = system.persister_with(&[&through]).ready().await;
    let api = persister.api();
    let lock = system.database.lock("chat_messages").await;
    publish(&system, 20).await;
    until_waiting(&system, 1).await;
    proxy.interject(Broker::WRONG_ACKNOWLEDGEMENT.to_vec());
    let queue = system.broker.names().queue(ConsumerKind::Persister);
    system.broker.wait_for_depth(&queue, 1).await;
    drop(lock);
    eventually("the batch is redelivered", async || {
        (api.metric("chat_persister_duplicates_total").await == 20).then_some(())
    })
    .await;
    persister.stop().await;
    assert_each_stored_once(&system, 20).await;
}

/// Publishes `count` messages in one body.
async fn publish(system: &System, count: usize) {
    system.broker.publish(&body((0..count).map(|_| event(&message("p1", "hello"))))).await;
}

/// Asserts that each of `count` messages is stored once and both queues are empty.
async fn assert_each_stored_once(system: &System, count: usize) {
    // With the short hold a batch may have been requeued after its commit.
    system.work_off(1).await;
    assert_eq!(sessions(system).await, [format!("pending:{count}")]);
    let names = system.broker.names();
    for queue in [names.queue(ConsumerKind::Persister), names.dead_letters(ConsumerKind::Persister)]
    {
        assert_eq!(system.broker.depth(&queue).await, Some(0), "{queue}");
    }
}
