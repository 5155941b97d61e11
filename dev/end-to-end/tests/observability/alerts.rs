//! What the alerts ask for is there, and is what they take it for.

use std::collections::BTreeSet;

use broker::ConsumerKind;
use serde_json::json;
use test_support::{Watched, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_asks_for_what_there_is() {
    let watched = Watched::start().await;
    let rules = eventually("all rules are evaluated", async || {
        let rules = watched.prometheus.rules().await;
        rules.iter().all(|rule| rule.health != "unknown").then_some(rules)
    })
    .await;
    assert!(rules.iter().any(|rule| rule.is_alert));
    for rule in &rules {
        assert_eq!(rule.health, "ok", "{rule:?}");
        watched.prometheus.query(&rule.expr).await;
    }
    let names: BTreeSet<_> = rules.iter().flat_map(|rule| metrics(&rule.expr)).collect();
    for name in names {
        watched.shows("a metric that a rule asks for", name).await;
    }
    let objective = "chat_gateway_send_seconds_bucket{outcome=\"accepted\",le=\"0.05\"}";
    watched.shows("what the objective counts", objective).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_sees_that_pusher_refuses() {
    let watched = Watched::start().await;
    for (status, outcome) in [(401, "unauthorized"), (403, "forbidden")] {
        watched.system.pusher.fault(&json!({ "kind": "status", "status": status })).await;
        sees(&watched, "PusherRefusing", "outcome", outcome).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_sees_that_pusher_is_away() {
    let watched = Watched::start().await;
    watched.system.pusher.fault(&json!({ "kind": "status", "status": 500 })).await;
    sees(&watched, "PusherUnavailable", "severity", "page").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_see_that_the_database_is_away() {
    let watched = Watched::start().await;
    watched.talk().await;
    watched.database.take_away();
    let persister = watched.persister.metrics.to_string();
    sees(&watched, "DatabaseRefusing", "instance", &persister).await;
    sees(&watched, "HistoryFailing", "severity", "page").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_see_that_the_persister_has_ended() {
    let watched = Watched::start().await;
    watched.talk().await;
    watched.persister.begin_to_stop();
    let queue = watched.system.broker.names().queue(ConsumerKind::Persister);
    sees(&watched, "ServiceDown", "service", "persister").await;
    sees(&watched, "InstanceDown", "job", "persister").await;
    sees(&watched, "QueueWithoutConsumer", "queue", &queue).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_see_poison_and_a_queue_that_is_missing() {
    let watched = Watched::start().await;
    watched.talk().await;
    watched.system.broker.publish(b"not an event").await;
    let dead = watched.system.broker.names().dead_letters(ConsumerKind::Broadcaster);
    sees(&watched, "DeadLettersWaiting", "queue", &dead).await;
    watched.system.broker.delete(ConsumerKind::Persister).await;
    sees(&watched, "PublishesRefused", "outcome", "returned").await;
}

/// Talks until `alert` waits to fire, with `value` as its `label`.
async fn sees(watched: &Watched, alert: &str, label: &str, value: &str) {
    let expr = format!("ALERTS{{alertname=\"{alert}\",{label}=\"{value}\"}}");
    watched.shows("an alert", &expr).await;
}

/// The metrics of the services in `expr`.
fn metrics(expr: &str) -> impl Iterator<Item = &str> {
    let words = expr.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("chat_"))
}
