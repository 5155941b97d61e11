//! The sustained throughput of the whole system, and its latency at rising loads.

use std::{net::SocketAddr, time::Duration};

use stack::{Running, Service};
use tokio::time::{Instant, sleep};

use super::Measurement;
use crate::{
    bodies,
    figures::Figures,
    load::{Calls, Load, Outcome},
    picture::{Curve, Point},
    reference::Reference,
    row::Row,
    scrape::{WAIT_LIMIT, metric},
    testbed::{Run, Testbed, connect},
};

/// Offered sends a second, in ascending order.
const OFFERED: [f64; 14] = [
    100.0, 250.0, 500.0, 1_000.0, 1_500.0, 2_000.0, 3_000.0, 4_000.0, 6_000.0, 8_000.0, 10_000.0,
    12_000.0, 15_000.0, 20_000.0,
];

/// Rates without success after which no higher rate is offered.
const MAX_FAILURES: usize = 2;

/// Upper bound of the time from the end of a load to the last message, when no backlog grows.
const NO_BACKLOG: Duration = Duration::from_millis(250);

/// Connections of the load.
const CONNECTIONS: usize = 128;

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The system under load.
enum Target {
    Ours { gateway: Running, persister: Running, broadcaster: Running },
    Before { address: SocketAddr, database: tokio_postgres::Client },
}

impl Target {
    fn address(&self) -> SocketAddr {
        match self {
            Self::Ours { gateway, .. } => gateway.address,
            Self::Before { address, .. } => *address,
        }
    }

    /// Messages that are completely processed.
    async fn done(&self) -> anyhow::Result<f64> {
        match self {
            Self::Ours { persister, broadcaster, .. } => {
                let persisted = metric(persister.metrics, "chat_persister_persisted_total").await?;
                let events = "chat_broadcaster_broadcast_seconds_count";
                // A message is two events.
                let broadcast = metric(broadcaster.metrics, events).await? / 2.0;
                Ok(persisted.min(broadcast))
            }
            Self::Before { database, .. } => {
                let count = "SELECT count(*)::float8 FROM chat_messages";
                Ok(database.query_one(count, &[]).await?.try_get(0)?)
            }
        }
    }
}

/// The result of one load.
struct Step {
    answers: Outcome,
    /// Completed messages a second, until the last was completed.
    done: f64,
    /// Time from the end of the load until the last message was completed.
    late: Duration,
}

impl Step {
    fn kept_up(&self, offered: f64) -> bool {
        self.answers.per_second > offered * 0.98
            && self.answers.bad == 0.0
            && self.late < NO_BACKLOG
    }
}

async fn step(target: &Target, load: &Load) -> anyhow::Result<Step> {
    let before = target.done().await?;
    let began = Instant::now();
    let answers = load.run().await?;
    let ended = Instant::now();
    let mut done = target.done().await?;
    let mut last = Instant::now();
    // Lost messages are never completed.
    while done - before < answers.good && last.elapsed() < Duration::from_secs(3) {
        sleep(POLL_INTERVAL).await;
        let now = target.done().await?;
        if now > done {
            (done, last) = (now, Instant::now());
        }
        if ended.elapsed() > WAIT_LIMIT {
            break;
        }
    }
    let seconds = last.duration_since(began).as_secs_f64();
    Ok(Step { answers, done: (done - before) / seconds, late: last.duration_since(ended) })
}

/// The highest sustained rate of those offered, and the result of each.
async fn climb(target: &Target, load: &Load) -> anyhow::Result<(f64, Vec<Point>)> {
    let (mut sustained, mut failed, mut points) = (0.0, 0, Vec::new());
    for offered in OFFERED {
        let step = step(target, &Load { rate: Some(offered), ..load.clone() }).await?;
        let Step { answers: Outcome { p50, p99, .. }, done, .. } = step;
        points.push(Point { offered, done, p50, p99 });
        if step.kept_up(offered) {
            sustained = offered;
        } else {
            failed += 1;
        }
        if failed == MAX_FAILURES {
            break;
        }
    }
    Ok((sustained, points))
}

/// Raises the sustained rate in two steps of a tenth.
async fn refine(target: &Target, load: &Load, mut sustained: f64) -> anyhow::Result<f64> {
    for factor in [1.1, 1.1] {
        let offered = sustained * factor;
        let step = step(target, &Load { rate: Some(offered), ..load.clone() }).await?;
        if !step.kept_up(offered) {
            break;
        }
        sustained = offered;
    }
    Ok(sustained)
}

/// Messages a second through the whole system, beside those that V1.2 saves.
pub(super) async fn measure(run: &Run) -> anyhow::Result<Measurement> {
    let testbed = Testbed::new(run).await?;
    let sends = bodies::sends(run, 1_000)?;
    let database = testbed.empty_database("express").await?;
    let (mut sustained, mut saved, mut saved_after) =
        (Figures::default(), Figures::default(), Figures::default());
    let (mut ours, mut before) = (Curve::new("this system"), Curve::new("V1.2"));
    let load = |address| Load {
        connections: CONNECTIONS,
        rate: None,
        time: run.scale.load,
        calls: Calls::Sends(address, sends.clone()),
        token: testbed.token.clone(),
    };
    for _ in 0..run.scale.rounds {
        let target = Target::Ours {
            gateway: testbed.service(Service::Gateway).await?,
            persister: testbed.service(Service::Persister).await?,
            broadcaster: testbed.service(Service::Broadcaster).await?,
        };
        let load_ours = load(target.address());
        let (reached, points) = climb(&target, &load_ours).await?;
        sustained.add(refine(&target, &load_ours, reached).await?);
        ours.add_round(points);
        if let Target::Ours { gateway, persister, broadcaster } = target {
            for running in [gateway, persister, broadcaster] {
                running.process.stop().await;
            }
        }

        let own = [("DATABASE_URL", &*database), ("CHAT_VERSION", "v1.2")];
        let express = testbed.reference(Reference::Express, &own).await?;
        let address = express.address;
        let target = Target::Before { address, database: connect(&database).await? };
        let load_before = load(address);
        before.add_round(climb(&target, &load_before).await?.1);
        let flooded = step(&target, &load_before).await?;
        saved.add(flooded.done);
        saved_after.add(flooded.late.as_secs_f64());
        express.process.stop().await;
    }
    let mut row =
        Row::new(4, "messages a second through the whole system, with no backlog growing");
    row.at_least("sustained, over what V1.2 saves", sustained.over(&saved), 10.0, "×");
    row.raw("sustained: accepted, persisted and broadcast", "messages/s", &sustained);
    row.raw("V1.2 under full load: saved, over load and drain", "messages/s", &saved);
    row.raw("V1.2: time from the end of the load until the last save", "s", &saved_after);
    testbed.close().await;
    Ok(Measurement { row, curves: vec![ours, before] })
}
