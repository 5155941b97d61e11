//! The persister's metrics.

use broker::ConsumerKind;
use chrono::TimeDelta;
use test_support::{Api, Proxy, eventually, message};

use crate::support::{event, publish_each, system, until_persisted};

#[tokio::test(flavor = "multi_thread")]
async fn metrics_show_a_database_outage_the_queue_and_conflicts() {
    let system = system().await;
    let proxy = Proxy::start(&system.database.server(), true).await;
    let through = format!("--database-url={}", system.database.url_through(proxy.addr()));
    let persister = system.persister_with(&[&through]).ready().await;
    let api = persister.api();
    let mut old = message("p1", "old");
    old.accepted_at -= TimeDelta::hours(1);
    let queue = system.broker.names().queue(ConsumerKind::Persister);
    let messages = format!(r#"chat_persister_queue_messages{{queue="{queue}"}}"#);
    until(&api, "chat_persister_database_connected", |connected| connected == 1).await;
    until_shown(&api, &messages).await;
    assert_eq!(api.metric(&messages).await, 0);
    let consumers = format!(r#"chat_persister_queue_consumers{{queue="{queue}"}}"#);
    until(&api, &consumers, |consumers| consumers == 1).await;

    let lock = system.database.lock("chat_messages").await;
    publish_each(&system, [event(&old)]).await;
    until(&api, "chat_persister_oldest_held_seconds", |age| age >= 3_600).await;
    proxy.take_away();
    drop(lock);
    until(&api, "chat_persister_database_failures_total", |failures| failures >= 2).await;
    until(&api, "chat_persister_database_connected", |connected| connected == 0).await;

    proxy.bring_back();
    until_persisted(&system, 1).await;
    until(&api, "chat_persister_oldest_held_seconds", |age| age == 0).await;
    until(&api, "chat_persister_database_connected", |connected| connected == 1).await;

    let mut other = message("p1", "another, under the same id");
    other.message_id = old.message_id;
    publish_each(&system, [event(&other)]).await;
    until(&api, "chat_persister_conflicts_total", |conflicts| conflicts == 1).await;
    until(&api, "chat_persister_rejections_total", |rejections| rejections == 1).await;
    assert_eq!(api.metric(r#"chat_persister_dead_letters_total{reason="conflict"}"#).await, 0);
    persister.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_metrics_are_absent_while_rabbitmq_does_not_answer() {
    let system = system().await;
    let proxy = Proxy::start(&system.broker.server(), true).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    let persister = system.persister_with(&[&through]).ready().await;
    let api = persister.api();
    until_shown(&api, "chat_persister_queue_messages{").await;
    proxy.take_away();
    eventually("the queue has no metric", async || {
        let text = api.metrics().await.unwrap().text().await.unwrap();
        (!text.contains("chat_persister_queue_messages{")).then_some(())
    })
    .await;
    proxy.bring_back();
    until_shown(&api, "chat_persister_queue_messages{").await;
    persister.stop().await;
}

/// Waits until the value of `metric` meets the condition.
async fn until(api: &Api, metric: &str, is_met: impl Fn(u64) -> bool) {
    eventually(metric, async || is_met(api.metric(metric).await).then_some(())).await;
}

/// Waits until a line of the metrics starts with `prefix`.
async fn until_shown(api: &Api, prefix: &str) {
    eventually(prefix, async || {
        let text = api.metrics().await.unwrap().text().await.unwrap();
        text.lines().any(|line| line.starts_with(prefix)).then_some(())
    })
    .await;
}
