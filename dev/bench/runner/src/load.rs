//! Load, by `oha` (<https://github.com/hatoo/oha>): a process of its own, so that nothing that is
//! measured shares a runtime with what measures it.

use std::{collections::HashMap, net::SocketAddr, path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context, ensure};
use serde::Deserialize;
use tokio::process::Command;

/// Where sends go.
pub const SEND: &str = "/api/staff-chat-integration/send";

/// What is asked of a server.
#[derive(Clone, Debug)]
pub struct Load {
    /// Connections that are used at once.
    pub connections: usize,
    /// Calls a second, at which they are due whether or not those before were answered: their time
    /// counts from when they were due. Without it, each connection asks again once it is answered.
    pub rate: Option<f64>,
    /// For how long.
    pub time: Duration,
    /// What is asked.
    pub calls: Calls,
    /// Who asks.
    pub token: String,
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Calls {
    /// Sends, their bodies being the lines of a file.
    Sends(SocketAddr, PathBuf),
    /// Pages, their addresses being the lines of a file.
    Pages(PathBuf),
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Calls that were answered as they should be, a second.
    pub per_second: f64,
    /// How many these were.
    pub good: f64,
    /// How many were answered otherwise, or not at all.
    pub bad: f64,
    /// Milliseconds within which half of them were answered.
    pub p50: f64,
    /// 99 of 100.
    pub p99: f64,
    /// 999 of 1,000.
    pub p999: f64,
}

impl Load {
    /// Loads, and waits for the answers that are still under way at the end.
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
        let output =
            command.output().await.context("cannot start oha; `make bench` installs it")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "oha: {errors}");
        let report: Report = serde_json::from_slice(&output.stdout).context("oha's report")?;
        Ok(report.outcome(good))
    }
}

/// What `oha` says, in seconds.
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

/// Nothing when nothing was answered.
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
