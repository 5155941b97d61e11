//! The alerting and recording rules in deploy/prometheus.

use std::collections::BTreeSet;

use broker::ConsumerKind;
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
async fn an_alert_is_pending_when_a_queue_is_missing() {
    let monitored = MonitoredSystem::start().await;
    monitored.generate_load().await;
    // A persister declares its queue again at once.
    monitored.persister.begin_to_stop();
    let queue = monitored.system.broker.names().queue(ConsumerKind::Persister);
    let no_consumer = format!("ALERTS{{alertname=\"QueueWithoutConsumer\",queue=\"{queue}\"}}");
    monitored.wait_for_series("an alert", &no_consumer).await;
    monitored.system.broker.delete(ConsumerKind::Persister).await;
    let returned = "ALERTS{alertname=\"PublishesRefused\",outcome=\"returned\"}";
    monitored.wait_for_series("an alert", returned).await;
}

/// The services' metrics in `expr`.
fn metrics(expr: &str) -> impl Iterator<Item = &str> {
    let words = expr.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("chat_"))
}
