//! The cost of calls to Pusher: batches of ten events in concurrent calls. The broadcaster is
//! compared with it.

use std::time::{Instant, SystemTime};

use bench_limits::report;
use broadcaster::settings::PusherSettings;
use clap::Parser;
use pusher::{RequestToSign, limits::MAX_EVENTS_PER_BATCH, sign_request};
use reqwest::{Client, Url, header::CONTENT_TYPE};
use serde_json::json;
use service::install_crypto;
use tokio::task::JoinSet;
use uuid::Uuid;

/// Sends events to Pusher in batches of ten, and prints the rate
#[derive(Debug, Parser)]
struct Options {
    /// The number of events, rounded down to whole batches for each concurrent caller
    #[arg(long, env = "BENCH_EVENTS", default_value_t = 100_000, value_name = "NUMBER")]
    events: usize,

    /// Concurrent calls
    #[arg(long, env = "BROADCAST_CONCURRENCY", default_value_t = 8, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    concurrency: u16,

    #[command(flatten)]
    pusher: PusherSettings,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    install_crypto();
    let Options { events, concurrency, pusher } = Options::parse();
    let http = Client::builder()
        .timeout(pusher.pusher_timeout)
        .tcp_nodelay(true)
        .tls_backend_preconfigured((*pusher.tls.client()).clone())
        .build()?;
    let api = pusher.api().map_err(anyhow::Error::msg)?;
    let calls = events / MAX_EVENTS_PER_BATCH / usize::from(concurrency);
    let start = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..concurrency {
        let (http, api, app) = (http.clone(), api.clone(), pusher.app.clone());
        callers.spawn(async move {
            for first in 0..calls {
                call(&http, api.clone(), &app, first * MAX_EVENTS_PER_BATCH).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller??;
    }
    let sent = calls * MAX_EVENTS_PER_BATCH * usize::from(concurrency);
    report("events", sent.try_into()?, start.elapsed());
    Ok(())
}

async fn call(http: &Client, mut url: Url, app: &pusher::App, first: usize) -> anyhow::Result<()> {
    let batch: Vec<_> = (first..first + MAX_EVENTS_PER_BATCH).map(event).collect();
    let body = serde_json::to_vec(&json!({ "batch": batch }))?;
    let path = format!("/apps/{}/batch_events", app.id);
    let request = RequestToSign { method: "POST", path: &path, body: &body };
    let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
    url.set_query(Some(&sign_request(&app.key, &app.secret, request, now)));
    url.set_path(&path);
    let call = http.post(url).header(CONTENT_TYPE, "application/json").body(body);
    let answer = call.send().await.and_then(reqwest::Response::error_for_status);
    // The URL contains a signature.
    answer.map_err(reqwest::Error::without_url)?.bytes().await?;
    Ok(())
}

/// An event of a player's message as long as in the broadcaster's measurement, for staff and for
/// the player in turn.
fn event(number: usize) -> serde_json::Value {
    let message = number / 2;
    let player = format!("player-{}", message % 1_000);
    let data = json!({
        "messageId": Uuid::now_v7(), "playerId": player, "senderType": "player",
        "senderId": player, "senderName": null,
        "content": format!("My sword is gone, and that is message {message} about it"),
        "acceptedAt": chat::now(),
    });
    let (channel, name) = match number % 2 {
        0 => ("staff-portal".to_owned(), "new-player-message"),
        _ => (format!("player-{player}"), "message-sent"),
    };
    json!({"channel": channel, "name": name, "data": data.to_string()})
}
