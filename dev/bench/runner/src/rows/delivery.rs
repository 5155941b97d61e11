use std::{process::Stdio, time::Duration};

use anyhow::Context;
use serde::Deserialize;
use stack::Service;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::Command,
    time::timeout,
};

use crate::{
    bodies,
    figures::Figures,
    load::{Calls, Load},
    row::Row,
    scrape::{growth, scrape, share_within},
    testbed::{Run, Testbed},
};

/// The rate of row 4 when it is not measured in the same run.
const SUSTAINED: f64 = 4_000.0;

/// The time from acceptance to the database, and to a browser's Pusher client, at half of the
/// sustained rate.
pub(super) async fn measure(run: &Run, sustained: Option<f64>) -> anyhow::Result<Row> {
    let rate = (sustained.unwrap_or(SUSTAINED) / 2.0).round();
    let testbed = Testbed::new(run).await?;
    let gateway = testbed.service(Service::Gateway).await?;
    let load = Load {
        connections: 128,
        rate: Some(rate),
        time: run.scale.load,
        calls: Calls::Sends(gateway.address, bodies::sends(run, 1_000)?),
        token: testbed.token.clone(),
    };
    let (mut persisted, mut received) = (Figures::default(), Figures::default());
    let mut received_p50 = Figures::default();
    for round in 0..run.scale.rounds {
        // New processes, so that each round starts with zeroed counters.
        let persister = testbed.service(Service::Persister).await?;
        let broadcaster = testbed.service(Service::Broadcaster).await?;
        if round == 0 {
            Load { time: run.scale.warm_up, ..load.clone() }.run().await?;
        }
        let receiver = Receiver::start(&testbed, gateway.address).await?;
        let sent = load.run().await?.good;
        let count = "chat_persister_persisted_total";
        growth(persister.metrics, count, sent).await?;
        let page = scrape(persister.metrics).await?;
        let within = share_within(&page, "chat_persister_persist_seconds", "0.05");
        persisted.add(within.context("no histogram")? * 100.0);
        let took = receiver.finish(sent).await?;
        received.add(took.p99);
        received_p50.add(took.p50);
        persister.process.stop().await;
        broadcaster.process.stop().await;
    }
    let mut row =
        Row::new(5, &format!("delivery of a message at {rate} a second, half of row 4's rate"));
    row.at_least("persisted within 50 ms of being accepted", persisted, 99.0, "%");
    row.at_most("accepted to received by pusher-js, p99", received, 50.0, "ms");
    row.raw("accepted to received by pusher-js, p50", "ms", &received_p50);
    testbed.close().await;
    Ok(row)
}

/// A pusher-js that is subscribed to the staff's channel.
struct Receiver {
    child: tokio::process::Child,
    lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

/// Delivery times in milliseconds.
#[derive(Deserialize)]
struct DeliveryTimes {
    p50: f64,
    p99: f64,
}

impl Receiver {
    async fn start(testbed: &Testbed, gateway: std::net::SocketAddr) -> anyhow::Result<Self> {
        let pusher = testbed.pusher().address;
        let mut child = Command::new("node")
            .arg("dev/end-to-end/node/time.mjs")
            .envs(testbed.variables.iter())
            .env("PUSHER_HOST", pusher.ip().to_string())
            .env("PUSHER_PORT", pusher.port().to_string())
            .env("CHANNEL", "private-staff-portal")
            .env("AUTH_ENDPOINT", format!("http://{gateway}/api/pusher/auth"))
            .env("AUTH_TOKEN", &testbed.token)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().context("no output")?;
        let mut receiver = Self { child, lines: BufReader::new(output).lines() };
        receiver.line().await?;
        Ok(receiver)
    }

    /// Waits for `count` messages, and returns their delivery times.
    async fn finish(mut self, count: f64) -> anyhow::Result<DeliveryTimes> {
        let mut input = self.child.stdin.take().context("no input")?;
        input.write_all(format!("{count}\n").as_bytes()).await?;
        Ok(serde_json::from_str(&self.line().await?)?)
    }

    async fn line(&mut self) -> anyhow::Result<String> {
        let line = timeout(Duration::from_secs(60), self.lines.next_line()).await??;
        line.context("the receiver ended")
    }
}
