//! Load by `oha` (<https://github.com/hatoo/oha>), in a process of its own.

use std::{collections::HashMap, net::SocketAddr, path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context, ensure};
use serde::Deserialize;
use tokio::process::Command;

/// The path of a send.
pub const SEND: &str = "/api/staff-chat-integration/send";

/// A load on a server.
#[derive(Clone, Debug)]
pub struct Load {
    /// Concurrent connections.
    pub connections: usize,
    /// Calls a second. Each call is due at a fixed time, from which its latency counts, whether or
    /// not those before were answered. Without a rate, each connection calls again after an answer.
    pub rate: Option<f64>,
    /// The duration.
    pub time: Duration,
    /// The calls.
    pub calls: Calls,
    /// The bearer token.
    pub token: String,
}

/// The calls of a load.
#[derive(Clone, Debug)]
pub enum Calls {
    /// Sends to a server, with the lines of a file as bodies.
    Sends(SocketAddr, PathBuf),
    /// Reads of the URLs in a file.
    Pages(PathBuf),
}

/// The result of a load.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Successful calls a second.
    pub per_second: f64,
    /// Successful calls.
    pub good: f64,
    /// Failed calls.
    pub bad: f64,
    /// Median latency, in milliseconds.
    pub p50: f64,
    /// 99th percentile, in milliseconds.
    pub p99: f64,
    /// 99.9th percentile, in milliseconds.
    pub p999: f64,
}

impl Load {
    /// Runs the load, and waits for outstanding answers.
    ///
    /// # Errors
    /// When `oha` is missing or fails.
    pub async fn run(&self) -> anyhow::Result<Outcome> {
        let mut command = Command::new("oha");
        command.args([
            "--no-tui",
            "--output-format",
            "json",
            "--wait-ongoing-requests-after-deadline",
        ]);
        command.args(["-t", "30s", "-c", &self.connections.to_string()]);
        command.args(["-z", &format!("{}ms", self.time.as_millis())]);
        command.args(["-H", &format!("authorization: Bearer {}", self.token)]);
        // By default it accepts gzip, and the reference programs compress nothing.
        command.args(["-H", "accept-encoding: identity"]);
        if let Some(rate) = self.rate {
            command.args(["-q", &rate.to_string(), "--latency-correction"]);
        }
        let good = match &self.calls {
            Calls::Sends(address, bodies) => {
                command.args(["-m", "POST", "-T", "application/json", "-Z"]).arg(bodies);
                command.arg(format!("http://{address}{SEND}"));
                "202"
            }
            Calls::Pages(urls) => {
                command.arg("--urls-from-file").arg(urls);
                "200"
            }
        };
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await.context("cannot start oha")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "oha: {errors}");
        let report: Report = serde_json::from_slice(&output.stdout).context("oha's report")?;
        Ok(report.outcome(good))
    }
}

/// The report of `oha`, in seconds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    summary: Summary,
    latency_percentiles: Percentiles,
    status_code_distribution: HashMap<String, f64>,
    error_distribution: HashMap<String, f64>,
}

#[derive(Deserialize)]
struct Summary {
    total: f64,
}

/// `None` without answers.
#[derive(Deserialize)]
struct Percentiles {
    p50: Option<f64>,
    p99: Option<f64>,
    #[serde(rename = "p99.9")]
    p999: Option<f64>,
}

impl Report {
    fn outcome(&self, good: &str) -> Outcome {
        let answered: f64 = self.status_code_distribution.values().sum();
        let good = self.status_code_distribution.get(good).copied().unwrap_or_default();
        let milliseconds = |seconds: Option<f64>| seconds.unwrap_or(f64::NAN) * 1e3;
        Outcome {
            per_second: good / self.summary.total,
            good,
            bad: answered - good + self.error_distribution.values().sum::<f64>(),
            p50: milliseconds(self.latency_percentiles.p50),
            p99: milliseconds(self.latency_percentiles.p99),
            p999: milliseconds(self.latency_percentiles.p999),
        }
    }
}
