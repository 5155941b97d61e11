//! What the dashboards in deploy/grafana show.

use std::{fs, path::PathBuf};

use serde_json::Value;

/// A panel of one of the dashboards in deploy/grafana.
#[derive(Debug)]
pub struct Panel {
    /// The file name of its dashboard, such as `messages`.
    pub dashboard: String,
    /// What stands above it.
    pub title: String,
    /// The unit of what it shows, as Grafana calls it.
    pub unit: String,
    /// What it shows.
    pub queries: Vec<Query>,
}

/// One query of a panel.
#[derive(Debug)]
pub struct Query {
    /// How what is found is called; `{{label}}` stands for the value of a label.
    pub legend: String,
    /// What is asked of Prometheus.
    pub expr: String,
}

/// All panels of all dashboards, with `interval` wherever Grafana puts the time over which it looks at
/// rates.
///
/// # Panics
/// When a dashboard is not what it should be.
pub fn panels(interval: &str) -> Vec<Panel> {
    let folder =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/grafana/dashboards"));
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut all = Vec::new();
    for file in fs::read_dir(folder).expect("dashboards") {
        let path = file.expect("a file").path();
        let dashboard: Value =
            serde_json::from_slice(&fs::read(&path).expect("a dashboard")).expect("JSON");
        let query = |target: &Value| Query {
            legend: text(&target["legendFormat"]),
            expr: text(&target["expr"]).replace("$__rate_interval", interval),
        };
        let panels = dashboard["panels"].as_array().expect("panels").iter().map(|panel| Panel {
            dashboard: path.file_stem().expect("a name").to_string_lossy().into_owned(),
            title: text(&panel["title"]),
            unit: text(&panel["fieldConfig"]["defaults"]["unit"]),
            queries: panel["targets"].as_array().expect("targets").iter().map(query).collect(),
        });
        all.extend(panels);
    }
    all
}
