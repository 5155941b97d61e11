//! What a message costs each process.

use std::time::Duration;

use stack::{Running, Service, Variables};

use crate::{
    bodies,
    load::{Calls, Load},
    scrape::{WAIT_LIMIT, metric},
    testbed::{Run, Testbed},
    usage::cpu_seconds,
};

/// The processes that work on a message, in the order of the page.
pub(super) const NAMES: [&str; 5] =
    ["gateway", "persister", "broadcaster", "PostgreSQL", "RabbitMQ"];

/// What a message costs under a load.
pub(super) struct Cost {
    /// Microseconds of CPU of each process, in the order of [`NAMES`].
    pub cpu: [f64; 5],
    /// The median time of a send, in milliseconds.
    pub p50: f64,
    /// The 99th percentile of a send, in milliseconds.
    pub p99: f64,
}

/// What a message costs at `rate` sends a second by `players`, with the
/// settings `own` besides those of the testbed.
pub(super) async fn cost(
    run: &Run,
    testbed: &Testbed,
    own: &Variables,
    players: u32,
    rate: f64,
) -> anyhow::Result<Cost> {
    let gateway = testbed.service_with(Service::Gateway, own).await?;
    let persister = testbed.service_with(Service::Persister, own).await?;
    let broadcaster = testbed.service_with(Service::Broadcaster, own).await?;
    let load = Load {
        connections: 64,
        rate: Some(rate),
        time: run.scale.warm_up,
        calls: Calls::Sends(gateway.address, bodies::sends(run, players)?),
        token: testbed.token.clone(),
    };
    let mut sent = load.run().await?.good;
    all_done(&persister, &broadcaster, sent).await?;
    let before = used(testbed, &gateway, &persister, &broadcaster)?;
    let measured = Load { time: run.scale.load, ..load }.run().await?;
    sent += measured.good;
    all_done(&persister, &broadcaster, sent).await?;
    let after = used(testbed, &gateway, &persister, &broadcaster)?;
    for running in [gateway, persister, broadcaster] {
        running.process.stop().await;
    }
    let mut cpu = [0.0; 5];
    for ((cpu, before), after) in cpu.iter_mut().zip(before).zip(after) {
        *cpu = (after - before) / measured.good * 1e6;
    }
    Ok(Cost { cpu, p50: measured.p50, p99: measured.p99 })
}

fn used(
    testbed: &Testbed,
    gateway: &Running,
    persister: &Running,
    broadcaster: &Running,
) -> anyhow::Result<[f64; 5]> {
    let cpu = |process: &stack::Process| cpu_seconds(process.identity().pid());
    Ok([
        cpu(&gateway.process)?,
        cpu(&persister.process)?,
        cpu(&broadcaster.process)?,
        cpu(testbed.servers.postgres.process())?,
        cpu(testbed.servers.rabbitmq.process())?,
    ])
}

async fn all_done(persister: &Running, broadcaster: &Running, sent: f64) -> anyhow::Result<()> {
    let done = async {
        while metric(persister.metrics, "chat_persister_persisted_total").await? < sent
            || metric(broadcaster.metrics, "chat_broadcaster_broadcast_seconds_count").await?
                < sent * 2.0
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    };
    tokio::time::timeout(WAIT_LIMIT, done).await?
}
