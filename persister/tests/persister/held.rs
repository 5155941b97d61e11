//! What becomes of what a persister holds for too long.

use broker::ConsumerKind;
use test_support::{Broker, Proxy, System, body, eventually, message};

use crate::support::{event, sessions, system, until_persisted, until_waiting};

const SHORT_HOLD: &str = "--delivery-hold=300ms";

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_a_batch_is_given_back_once_and_not_taken_again() {
    let system = system().await;
    let proxy = Proxy::start(&system.database.server(), true).await;
    let through = format!("--database-url={}", system.database.url_through(proxy.addr()));
    let persister = system.persister_with(&[&through, SHORT_HOLD]).ready().await;
    let api = persister.api();
    proxy.take_away();
    publish(&system, 20).await;
    let queue = system.broker.names().queue(ConsumerKind::Persister);
    eventually("the batch is given back", async || {
        (api.metric("chat_persister_given_back_total").await == 1).then_some(())
    })
    .await;
    system.broker.wait_for_depth(&queue, 1).await;

    proxy.bring_back();
    until_persisted(&system, 20).await;
    assert_eq!(api.metric("chat_persister_given_back_total").await, 1);
    persister.stop().await;
    all_done_once(&system, 20).await;
}

/// Such a database lets itself be connected to, so that there is no waiting for it.
#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_writes_nothing_a_batch_is_given_back_once_a_hold() {
    let system = system().await;
    let persister = system.persister_with(&[SHORT_HOLD]).ready().await;
    let api = persister.api();
    let lock = system.database.lock("chat_messages").await;
    publish(&system, 20).await;
    eventually("the batch is given back again and again", async || {
        (api.metric("chat_persister_given_back_total").await >= 3).then_some(())
    })
    .await;
    drop(lock);
    until_persisted(&system, 20).await;
    let taken = api.metric("chat_persister_batch_events_count").await;
    let given_back = api.metric("chat_persister_given_back_total").await;
    assert!(taken <= given_back + 1, "taken {taken} times, given back {given_back} times");
    persister.stop().await;
    all_done_once(&system, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_refuses_beside_what_is_given_back_is_buried_once() {
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
    eventually("the batch is given back again and again", async || {
        (api.metric("chat_persister_given_back_total").await >= 3).then_some(())
    })
    .await;
    let mended = "ALTER TABLE chat_messages DROP CONSTRAINT slow,
        ADD CONSTRAINT refused CHECK (content <> 'refused')";
    system.database.run(mended).await;
    until_persisted(&system, 1).await;
    persister.stop().await;
    system.work_off(1).await;
    let dead = system.broker.names().dead_letters(ConsumerKind::Persister);
    assert_eq!(system.broker.depth(&dead).await, Some(1));
}

/// As it does when a batch is held for longer than it allows.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_channel_rabbitmq_closes_is_done_once() {
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
    eventually("it has come again", async || {
        (api.metric("chat_persister_duplicates_total").await == 20).then_some(())
    })
    .await;
    persister.stop().await;
    all_done_once(&system, 20).await;
}

/// Publishes `count` messages in one body.
async fn publish(system: &System, count: usize) {
    system.broker.publish(&body((0..count).map(|_| event(&message("p1", "hello"))))).await;
}

/// That `count` messages are there once, and nothing is left to do or dead.
async fn all_done_once(system: &System, count: usize) {
    assert_eq!(sessions(system).await, [format!("pending:{count}")]);
    let names = system.broker.names();
    for queue in [names.queue(ConsumerKind::Persister), names.dead_letters(ConsumerKind::Persister)]
    {
        assert_eq!(system.broker.depth(&queue).await, Some(0), "{queue}");
    }
}
