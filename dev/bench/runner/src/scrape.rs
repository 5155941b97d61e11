//! The services' metrics.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use reqwest::Client;
use tokio::{
    sync::OnceCell,
    time::{Instant, sleep, timeout},
};

const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Upper bound of a wait.
pub const WAIT_LIMIT: Duration = Duration::from_secs(240);

/// One client for all scrapes, which share the cores with the measured services.
static CLIENT: OnceCell<Client> = OnceCell::const_new();

/// The metrics page of a service.
///
/// # Errors
/// When it does not answer.
pub async fn scrape(metrics: SocketAddr) -> anyhow::Result<String> {
    let make = async || Client::builder().no_proxy().timeout(Duration::from_secs(5)).build();
    let client = CLIENT.get_or_try_init(make).await?;
    Ok(client.get(format!("http://{metrics}/metrics")).send().await?.text().await?)
}

/// The value of one metric, by its name and labels.
pub fn value(page: &str, name: &str) -> Option<f64> {
    page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

/// The value of one metric of a service.
///
/// # Errors
/// When it does not answer, or there is no such metric.
pub async fn metric(metrics: SocketAddr, name: &str) -> anyhow::Result<f64> {
    value(&scrape(metrics).await?, name).with_context(|| format!("no metric {name}"))
}

/// Polls a counter until it reaches `goal`; returns its growth a second since it first grew.
///
/// # Errors
/// When it does not reach the goal in time.
pub async fn growth(metrics: SocketAddr, name: &str, goal: f64) -> anyhow::Result<f64> {
    let poll = async {
        let mut began: Option<(Instant, f64)> = None;
        loop {
            let count = metric(metrics, name).await?;
            let now = Instant::now();
            match began {
                None if count > 0.0 => began = Some((now, count)),
                Some((since, first)) if count >= goal => {
                    let seconds = now.duration_since(since).as_secs_f64();
                    return Ok((count - first) / seconds);
                }
                _ => {}
            }
            sleep(POLL_INTERVAL).await;
        }
    };
    timeout(WAIT_LIMIT, poll).await.with_context(|| format!("{name} did not reach {goal}"))?
}

/// The share of a histogram's observations at or below one of its bounds.
pub fn share_within(page: &str, histogram: &str, bound: &str) -> Option<f64> {
    let within = value(page, &format!("{histogram}_bucket{{le=\"{bound}\"}}"))?;
    Some(within / value(page, &format!("{histogram}_count"))?)
}
