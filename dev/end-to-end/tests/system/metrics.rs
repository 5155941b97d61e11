//! docs/metrics.md against the metrics of the services.

use std::collections::{BTreeMap, BTreeSet};

use test_support::{JWT_SECRET, RunningService, System, eventually};

const DOCUMENT: &str = include_str!("../../../../docs/metrics.md");

/// Metrics by name, with type and labels.
type Metrics = BTreeMap<String, (String, BTreeSet<String>)>;

#[tokio::test(flavor = "multi_thread")]
async fn the_services_serve_exactly_the_documented_metrics() {
    let system = System::new().await;
    let attachments = tempfile::tempdir().unwrap();
    let store = format!("--attachment-store={}", attachments.path().display());
    let secret = format!("--attachment-secret={JWT_SECRET}");
    let gateway = system.gateway_with(&[&store, &secret, "--memory-limit=1GiB"]);
    let (persister, broadcaster) = (system.persister().await, system.broadcaster().await);
    eventually("the store is probed", async || {
        let metrics = gateway.api().metrics().await.unwrap().text().await.unwrap();
        metrics.contains("_attachment_store_up{").then_some(())
    })
    .await;
    assert_eq!(gateway.api().send_as_player("p1", "hello").await.status, 202);
    let mut served = Metrics::new();
    for (name, service) in
        [("gateway", gateway), ("persister", persister), ("broadcaster", broadcaster)]
    {
        let metrics = metrics_of(&service).await;
        let other = metrics.keys().find(|metric| {
            *metric != "chat_build_info" && !metric.starts_with(&format!("chat_{name}_"))
        });
        assert_eq!(other, None, "of {name}");
        assert!(metrics.contains_key("chat_build_info"), "of {name}");
        served.extend(metrics);
    }
    assert_eq!(served, documented());
}

/// The metrics of `service` after the first poll of its queues.
async fn metrics_of(service: &RunningService) -> Metrics {
    let api = service.api();
    let text = eventually("the metrics of queues are served", async || {
        let text = api.metrics().await.unwrap().text().await.unwrap();
        text.contains("_queue_consumers{").then_some(text)
    });
    parse(&text.await)
}

/// Parses the text format of Prometheus.
///
/// Source: <https://prometheus.io/docs/specs/om/open_metrics_spec/#text-format>.
fn parse(text: &str) -> Metrics {
    let mut metrics = Metrics::new();
    let mut last = String::new();
    for line in text.lines() {
        if let Some(family) = line.strip_prefix("# TYPE ") {
            let (name, kind) = family.split_once(' ').unwrap();
            last = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
            metrics.insert(last.clone(), (kind.to_owned(), BTreeSet::new()));
        } else if let Some((_, labels)) = line.split_once('{')
            && !line.starts_with('#')
        {
            let names = labels.split("=\"").filter_map(|part| part.rsplit(['"', ',']).next());
            let names = names.filter(|name| !name.starts_with('}') && *name != "le");
            metrics.get_mut(&last).unwrap().1.extend(names.map(ToOwned::to_owned));
        }
    }
    metrics
}

/// The metrics in the tables of the document.
fn documented() -> Metrics {
    let mut metrics = Metrics::new();
    for line in DOCUMENT.lines().filter(|line| line.starts_with("| `chat_")) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let labels = cells[3].split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect();
        let metric = (cells[2].to_owned(), labels);
        assert_eq!(metrics.insert(cells[1].trim_matches('`').to_owned(), metric), None, "{line}");
    }
    metrics
}
