//! Draws the first dashboard of a system that runs for two minutes, during which Pusher and then
//! the database are down: `dashboard-picture FILE`. It needs the servers of the tests.

mod draw;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use serde_json::json;
use test_support::{MonitoredSystem, dashboards::panels};
use tokio::time::{Instant, interval};

use crate::draw::{PanelData, draw};

/// The panels that are drawn: three rows.
const PANELS: usize = 9;
const LENGTH: Duration = Duration::from_secs(120);
/// Grafana's `$__rate_interval` for such a short time.
const RATES_OVER: &str = "5s";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let file = std::env::args().nth(1).context("the name of the file is missing")?;
    let monitored = MonitoredSystem::start().await;
    let begin = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
    run(&monitored).await;
    let end = begin + LENGTH.as_secs_f64();

    let mut drawn = Vec::new();
    for panel in
        panels(RATES_OVER).into_iter().filter(|panel| panel.dashboard == "messages").take(PANELS)
    {
        let mut lines = Vec::new();
        for query in &panel.queries {
            for series in monitored.prometheus.query_range(&query.expr, begin, end).await {
                let points = series.points.iter().map(|(at, value)| (at - begin, *value));
                lines.push((series_name(&query.legend, &series.labels), points.collect()));
            }
        }
        ensure!(!lines.is_empty(), "{} has no data", panel.title);
        drawn.push(PanelData { title: panel.title, unit: panel.unit, lines });
    }
    std::fs::write(&file, draw(&drawn, LENGTH.as_secs_f64())?)?;
    Ok(())
}

/// Sends at a rate that rises and falls, and injects faults.
async fn run(monitored: &MonitoredSystem) {
    let began = Instant::now();
    let mut ticks = interval(Duration::from_millis(100));
    let mut faults = vec![
        (Duration::from_secs(25), Fault::PusherAway),
        (Duration::from_secs(40), Fault::PusherBack),
        (Duration::from_secs(65), Fault::DatabaseAway),
        (Duration::from_secs(80), Fault::DatabaseBack),
        (Duration::from_secs(100), Fault::Poison),
    ]
    .into_iter()
    .peekable();
    for tick in 0_u32.. {
        ticks.tick().await;
        let passed = began.elapsed();
        if passed >= LENGTH {
            return;
        }
        if let Some((_, fault)) = faults.next_if(|(at, _)| passed >= *at) {
            fault.inject(monitored).await;
        }
        let wave = (f64::from(tick) / 100.0).sin();
        for sender in 0..(4.0 + 3.0 * wave) as u32 {
            let (api, player) = (monitored.gateway.api(), format!("p{}", (tick + sender) % 50));
            tokio::spawn(async move {
                match sender % 3 {
                    0 => api.send_as_staff(&player, "It is in the bank.").await,
                    _ => api.send_as_player(&player, "My sword is gone").await,
                }
            });
        }
    }
}

enum Fault {
    PusherAway,
    PusherBack,
    DatabaseAway,
    DatabaseBack,
    Poison,
}

impl Fault {
    async fn inject(self, monitored: &MonitoredSystem) {
        let pusher = &monitored.system.pusher;
        match self {
            Self::PusherAway => pusher.fault(&json!({ "kind": "status", "status": 503 })).await,
            Self::PusherBack => pusher.behave().await,
            Self::DatabaseAway => monitored.database.take_away(),
            Self::DatabaseBack => monitored.database.bring_back(),
            Self::Poison => monitored.system.broker.publish(b"not an event").await,
        }
    }
}

/// `legend` with the values of its labels, with `chat` for the prefix of a test's queues.
fn series_name(legend: &str, labels: &serde_json::Value) -> String {
    let Some((_, label)) = legend.split_once("{{") else { return legend.to_owned() };
    let value = labels[label.trim_end_matches("}}")].as_str().unwrap_or_default();
    match value.split_once('.') {
        Some((_, queue)) if label.starts_with("queue") => format!("chat.{queue}"),
        _ => value.to_owned(),
    }
}
