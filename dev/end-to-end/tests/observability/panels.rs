//! Every panel of every dashboard shows something.

use test_support::{Watched, dashboards::panels};

#[tokio::test(flavor = "multi_thread")]
async fn every_panel_shows_something_of_a_running_system() {
    let watched = Watched::start().await;
    // Dead letters, and with them an alert.
    watched.system.broker.publish(b"not an event").await;
    let panels = panels("10s");
    assert!(!panels.is_empty());
    for panel in panels {
        for query in panel.queries {
            let what = format!("{}, {}: {}", panel.dashboard, panel.title, query.legend);
            let series = watched.shows(&what, &query.expr).await;
            for label in labels(&query.legend) {
                assert!(series.iter().all(|it| it.labels.get(label).is_some()), "{what}: {label}");
            }
        }
    }
}

/// The labels whose values stand in `legend`.
fn labels(legend: &str) -> impl Iterator<Item = &str> {
    legend.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0))
}
