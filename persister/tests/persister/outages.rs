use broker::ConsumerKind;
use chat::event::Event;
use test_support::{Proxy, body, eventually, message};

use crate::support::{event, publish_each, sessions, system, until_persisted, until_waiting};

#[tokio::test(flavor = "multi_thread")]
async fn a_database_outage_loses_no_message_and_makes_no_dead_letter() {
    let system = system().await;
    let proxy = Proxy::start(&system.database.server(), true).await;
    let through = format!("--database-url={}", system.database.url_through(proxy.addr()));
    let persister = system.persister_with(&[&through]).ready().await;
    publish_each(&system, [event(&message("p1", "before"))]).await;
    until_persisted(&system, 1).await;

    proxy.take_away();
    publish_each(&system, (0..20).map(|_| event(&message("p1", "during")))).await;
    let api = persister.api();
    eventually("the persister is unready", async || {
        (api.get("/health/ready").await.status == 503).then_some(())
    })
    .await;
    assert_eq!(api.get("/health/ready").await.json["dependencies"]["database"], "down");

    proxy.bring_back();
    until_persisted(&system, 21).await;
    persister.stop().await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["pending:21"]);
    let dead = system.broker.names().dead_letters(ConsumerKind::Persister);
    assert_eq!(system.broker.depth(&dead).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persister_that_starts_without_its_database_consumes_nothing() {
    let system = system().await;
    publish_each(&system, [event(&message("p1", "waiting"))]).await;
    let proxy = Proxy::start(&system.database.server(), false).await;
    let through = format!("--database-url={}", system.database.url_through(proxy.addr()));
    let persister = system.persister_with(&[&through]);
    let api = persister.api();
    eventually("the persister has tried to connect", async || {
        let ready = api.get("/health/ready").await;
        (ready.json["dependencies"]["database"] == "down").then_some(())
    })
    .await;
    let queue = system.broker.names().queue(ConsumerKind::Persister);
    assert_eq!(system.broker.depth(&queue).await, Some(1));
    proxy.bring_back();
    until_persisted(&system, 1).await;
    persister.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_persister_reports_a_database_outage_and_its_end() {
    let system = system().await;
    let proxy = Proxy::start(&system.database.server(), true).await;
    let through = format!("--database-url={}", system.database.url_through(proxy.addr()));
    let persister = system.persister_with(&[&through]).ready().await;
    proxy.take_away();
    let api = persister.api();
    eventually("the persister is unready", async || {
        (api.get("/health/ready").await.status == 503).then_some(())
    })
    .await;
    proxy.bring_back();
    persister.ready().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persister_that_dies_before_it_acknowledges_loses_and_duplicates_nothing() {
    let system = system().await;
    // Announcements cannot be published while the broker is away, so that the batch is committed
    // and not acknowledged.
    let proxy = Proxy::start(&system.broker.server(), true).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    let persister = system.persister_with(&[&through]).ready().await;
    let lock = system.database.lock("chat_messages").await;
    system.broker.publish(&body((0..50).map(|_| event(&message("p1", "hello"))))).await;
    until_waiting(&system, 1).await;
    proxy.take_away();
    drop(lock);
    until_persisted(&system, 50).await;
    persister.kill().await;

    system.work_off(2).await;
    assert_eq!(sessions(&system).await, ["pending:50"]);
    let announced = system.broker.drain_events(ConsumerKind::Broadcaster).await;
    let updated = announced.iter().filter(|event| matches!(event, Event::SessionUpdated(_)));
    assert_eq!(updated.count(), 1, "the redelivery announced what the first delivery could not");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persister_reconnects_after_a_broker_outage() {
    let system = system().await;
    let proxy = Proxy::start(&system.broker.server(), false).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    let persister = system.persister_with(&[&through]);
    publish_each(&system, [event(&message("p1", "hello"))]).await;
    proxy.bring_back();
    until_persisted(&system, 1).await;
    proxy.take_away();
    publish_each(&system, [event(&message("p1", "hello again"))]).await;
    proxy.bring_back();
    until_persisted(&system, 2).await;
    persister.stop().await;
}
