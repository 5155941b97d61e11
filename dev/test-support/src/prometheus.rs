use std::{net::SocketAddr, path::Path, process::Command};

use reqwest::Url;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ChildProcess;

/// The directory of the rules.
const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/prometheus/rules");

/// A Prometheus with the rules in deploy/prometheus, or a copy of them, and short intervals. Dropping it
/// ends the process.
pub struct Prometheus {
    _process: ChildProcess,
    _folder: TempDir,
    address: String,
    http: reqwest::Client,
}

/// A rule with the result of its last evaluation.
#[derive(Debug)]
pub struct Rule {
    /// The name of the alert or of the recorded series.
    pub name: String,
    /// The PromQL expression.
    pub expr: String,
    /// Whether it is an alert.
    pub is_alert: bool,
    /// `ok`, `err`, or `unknown` before the first evaluation.
    pub health: String,
}

/// A series of an answer.
#[derive(Debug)]
pub struct Series {
    /// The labels, as JSON.
    pub labels: Value,
    /// Seconds since the epoch, and the value, which is finite.
    pub points: Vec<(f64, f64)>,
}

impl Prometheus {
    /// Starts a Prometheus that scrapes `targets`, jobs with their addresses.
    ///
    /// # Panics
    /// When Debian's package is not installed, or Prometheus rejects the rules.
    pub async fn watch(targets: &[(&str, SocketAddr)]) -> Self {
        Self::watch_with_rules(Path::new(RULES), "250ms", targets).await
    }

    /// Starts a Prometheus with the rules in the directory `rules` that scrapes `targets` each `interval`,
    /// such as `1s`. A target that does not answer within the interval is down.
    ///
    /// # Panics
    /// When Debian's package is not installed, or Prometheus rejects the rules.
    pub async fn watch_with_rules(
        rules: &Path,
        interval: &str,
        targets: &[(&str, SocketAddr)],
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("prometheus.yml");
        // JSON is YAML.
        std::fs::write(&file, configuration(rules, interval, targets).to_string())
            .expect("a writable folder");
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg("--web.listen-address=127.0.0.1:0");
        let mut process = ChildProcess::start(command);
        let listening = "msg=\"Listening on\" address=";
        process.wait_for_output(listening).await;
        let output = process.output();
        let (_, address) = output.split_once(listening).expect("an address");
        let address = address.split_whitespace().next().unwrap_or_default().to_owned();
        process.wait_for_output("Server is ready to receive web requests").await;
        service::install_crypto();
        Self { _process: process, _folder: folder, address, http: reqwest::Client::new() }
    }

    /// The value of `expr` now, without infinite values and NaN.
    ///
    /// # Panics
    /// When Prometheus rejects the expression.
    pub async fn query(&self, expr: &str) -> Vec<Series> {
        series(&self.get("query", &[("query", expr)]).await["result"])
    }

    /// The value of `expr` at each second from `begin` to `end`, seconds since the epoch.
    ///
    /// # Panics
    /// When Prometheus rejects the expression.
    pub async fn query_range(&self, expr: &str, begin: f64, end: f64) -> Vec<Series> {
        let (begin, end) = (begin.to_string(), end.to_string());
        let range = [("query", expr), ("start", &*begin), ("end", &*end), ("step", "1")];
        series(&self.get("query_range", &range).await["result"])
    }

    /// All rules.
    ///
    /// # Panics
    /// When Prometheus does not answer.
    pub async fn rules(&self) -> Vec<Rule> {
        let text = |rule: &Value, field| rule[field].as_str().unwrap_or_default().to_owned();
        let rules = self.get("rules", &[]).await;
        let groups = rules["groups"].as_array().expect("groups");
        let rules = groups.iter().flat_map(|group| group["rules"].as_array().expect("rules"));
        rules
            .map(|rule| Rule {
                name: text(rule, "name"),
                expr: text(rule, "query"),
                is_alert: rule["type"] == "alerting",
                health: text(rule, "health"),
            })
            .collect()
    }

    async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let url = format!("http://{}/api/v1/{path}", self.address);
        let url = Url::parse_with_params(&url, parameters).expect("an address");
        let answer = self.http.get(url).send().await.expect("Prometheus answers");
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["status"], "success", "{parameters:?}: {answer}");
        answer["data"].clone()
    }
}

fn configuration(rules: &Path, interval: &str, targets: &[(&str, SocketAddr)]) -> Value {
    let jobs = targets.iter().map(|(job, address)| {
        json!({ "job_name": job, "static_configs": [{ "targets": [address.to_string()] }] })
    });
    json!({
        "global": { "scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": "1s" },
        "rule_files": [rules.join("*.yml")],
        "scrape_configs": jobs.collect::<Vec<_>>(),
    })
}

/// The series of an answer: `value` is one point, `values` are many.
fn series(result: &Value) -> Vec<Series> {
    let point = |point: &Value| {
        let number: f64 = point[1].as_str()?.parse().ok()?;
        number.is_finite().then_some((point[0].as_f64()?, number))
    };
    let series = result.as_array().expect("series").iter().map(|series| Series {
        labels: series["metric"].clone(),
        points: match series["values"].as_array() {
            Some(values) => values.iter().filter_map(point).collect(),
            None => point(&series["value"]).into_iter().collect(),
        },
    });
    series.filter(|series| !series.points.is_empty()).collect()
}
