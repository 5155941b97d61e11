//! The alerting and recording rules in deploy/prometheus.

use std::collections::BTreeSet;

use broker::ConsumerKind;
use serde_json::json;
use test_support::{MonitoredSystem, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_in_the_rules_exists() {
    let monitored = MonitoredSystem::start().await;
    let rules = eventually("all rules are evaluated", async || {
        let rules = monitored.prometheus.rules().await;
        rules.iter().all(|rule| rule.health != "unknown").then_some(rules)
    })
    .await;
    assert!(rules.iter().any(|rule| rule.is_alert));
    for rule in &rules {
        assert_eq!(rule.health, "ok", "{rule:?}");
        monitored.prometheus.query(&rule.expr).await;
    }
    let names: BTreeSet<_> = rules.iter().flat_map(|rule| metrics(&rule.expr)).collect();
    for name in names {
        monitored.wait_for_series("a metric of a rule", name).await;
    }
    let objective = "chat_gateway_send_seconds_bucket{outcome=\"accepted\",le=\"0.05\"}";
    monitored.wait_for_series("the series of the objective", objective).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_pending_when_pusher_refuses() {
    let monitored = MonitoredSystem::start().await;
    for (status, outcome) in [(401, "unauthorized"), (403, "forbidden")] {
        monitored.system.pusher.fault(&json!({ "kind": "status", "status": status })).await;
        wait_for_alert(&monitored, "PusherRefusing", "outcome", outcome).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_pending_when_pusher_is_down() {
    let monitored = MonitoredSystem::start().await;
    monitored.system.pusher.fault(&json!({ "kind": "status", "status": 500 })).await;
    wait_for_alert(&monitored, "PusherUnavailable", "severity", "page").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_are_pending_when_the_database_is_down() {
    let monitored = MonitoredSystem::start().await;
    monitored.generate_load().await;
    monitored.database.take_away();
    let persister = monitored.persister.metrics.to_string();
    wait_for_alert(&monitored, "DatabaseRefusing", "instance", &persister).await;
    wait_for_alert(&monitored, "HistoryFailing", "severity", "page").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_are_pending_when_the_persister_is_down() {
    let monitored = MonitoredSystem::start().await;
    monitored.generate_load().await;
    monitored.persister.begin_to_stop();
    let queue = monitored.system.broker.names().queue(ConsumerKind::Persister);
    wait_for_alert(&monitored, "ServiceDown", "service", "persister").await;
    wait_for_alert(&monitored, "InstanceDown", "job", "persister").await;
    wait_for_alert(&monitored, "QueueWithoutConsumer", "queue", &queue).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_are_pending_for_dead_letters_and_a_missing_queue() {
    let monitored = MonitoredSystem::start().await;
    monitored.generate_load().await;
    monitored.system.broker.publish(b"not an event").await;
    let dead = monitored.system.broker.names().dead_letters(ConsumerKind::Broadcaster);
    wait_for_alert(&monitored, "DeadLettersWaiting", "queue", &dead).await;
    // A persister declares its queue again at once.
    monitored.persister.begin_to_stop();
    let queue = monitored.system.broker.names().queue(ConsumerKind::Persister);
    wait_for_alert(&monitored, "QueueWithoutConsumer", "queue", &queue).await;
    monitored.system.broker.delete(ConsumerKind::Persister).await;
    wait_for_alert(&monitored, "PublishesRefused", "outcome", "returned").await;
}

/// Waits until `alert` is pending with `value` as its `label`.
async fn wait_for_alert(monitored: &MonitoredSystem, alert: &str, label: &str, value: &str) {
    let expr = format!("ALERTS{{alertname=\"{alert}\",{label}=\"{value}\"}}");
    monitored.wait_for_series("an alert", &expr).await;
}

/// The services' metrics in `expr`.
fn metrics(expr: &str) -> impl Iterator<Item = &str> {
    let words = expr.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("chat_"))
}
