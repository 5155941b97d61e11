//! The dashboards in deploy/grafana.

use test_support::{MonitoredSystem, dashboards::panels};

#[tokio::test(flavor = "multi_thread")]
async fn every_panel_has_data_on_a_running_system() {
    let monitored = MonitoredSystem::start().await;
    // Causes dead letters, and an alert.
    monitored.system.broker.publish(b"not an event").await;
    let panels = panels("10s");
    assert!(!panels.is_empty());
    for panel in panels {
        for query in panel.queries {
            let description = format!("{}, {}: {}", panel.dashboard, panel.title, query.legend);
            let series = monitored.wait_for_series(&description, &query.expr).await;
            for label in labels(&query.legend) {
                let is_labelled = series.iter().all(|series| series.labels.get(label).is_some());
                assert!(is_labelled, "{description}: {label}");
            }
        }
    }
}

/// The labels in `legend`.
fn labels(legend: &str) -> impl Iterator<Item = &str> {
    legend.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0))
}
