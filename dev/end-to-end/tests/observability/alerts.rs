//! The alerting and recording rules in deploy/prometheus.

use std::collections::BTreeSet;

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

/// The services' metrics in `expr`.
fn metrics(expr: &str) -> impl Iterator<Item = &str> {
    let words = expr.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("chat_"))
}
