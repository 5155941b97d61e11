use stack::{Running, Service, Variables};

use crate::{
    bodies,
    figures::Figures,
    large,
    load::{Calls, Load},
    row::Row,
    scrape::{WAIT_LIMIT, metric},
    testbed::{Run, Testbed, connect},
    usage::cpu_seconds,
};

/// Sends a second.
const RATE: f64 = 1_000.0;

/// The processes that work on a message, in the order of the page.
const NAMES: [&str; 5] = ["gateway", "persister", "broadcaster", "PostgreSQL", "RabbitMQ"];

/// The CPU cost of a message with a large database, beside one of a hundredth of its size.
pub(super) async fn measure(run: &Run) -> anyhow::Result<Row> {
    let testbed = Testbed::kept(run).await?;
    let rows = run.scale.large;
    let large = testbed.servers.postgres.url().to_owned();
    large::fill(&connect(&large).await?, rows, rows / 10).await?;
    let small = testbed.migrated_database("small").await?;
    large::fill(&connect(&small).await?, rows / 100, rows / 1_000).await?;
    let mut costs: [[Figures; 5]; 2] = Default::default();
    for _ in 0..run.scale.rounds {
        for ((url, players), costs) in
            [(&small, rows / 1_000), (&large, rows / 10)].into_iter().zip(&mut costs)
        {
            let cost = cost(run, &testbed, url, players.min(100_000)).await?;
            costs.iter_mut().zip(cost).for_each(|(costs, cost)| costs.add(cost));
        }
    }
    let size = "SELECT pg_database_size(current_database())::float8 / count(*) FROM chat_messages";
    let bytes: f64 = connect(&large).await?.query_one(size, &[]).await?.try_get(0)?;
    let what = format!(
        "CPU a message at {rows} rows and {} sessions, over {} and {}",
        rows / 10,
        rows / 100,
        rows / 1_000
    );
    let mut row = Row::new(9, &what);
    let [small, large] = &costs;
    for ((name, small), large) in NAMES.iter().zip(small).zip(large) {
        row.at_most(name, large.over(small), 1.3, "×");
        row.raw(&format!("{name}, small"), "µs a message", small);
        row.raw(&format!("{name}, large"), "µs a message", large);
    }
    row.raw("PostgreSQL's files, large", "bytes a message", &bytes.into());
    testbed.close().await;
    Ok(row)
}

/// Microseconds of CPU of each process for a message.
async fn cost(
    run: &Run,
    testbed: &Testbed,
    database: &str,
    players: u32,
) -> anyhow::Result<[f64; 5]> {
    let mut own = Variables::default();
    own.set("DATABASE_URL", database);
    let gateway = testbed.service_with(Service::Gateway, &own).await?;
    let persister = testbed.service_with(Service::Persister, &own).await?;
    let broadcaster = testbed.service(Service::Broadcaster).await?;
    let load = Load {
        connections: 64,
        rate: Some(RATE),
        time: run.scale.warm_up,
        calls: Calls::Sends(gateway.address, bodies::sends(run, players)?),
        token: testbed.token.clone(),
    };
    let mut sent = load.run().await?.good;
    all_done(&persister, &broadcaster, sent).await?;
    let before = used(testbed, &gateway, &persister, &broadcaster)?;
    let measured = Load { time: run.scale.load, ..load }.run().await?.good;
    sent += measured;
    all_done(&persister, &broadcaster, sent).await?;
    let after = used(testbed, &gateway, &persister, &broadcaster)?;
    for running in [gateway, persister, broadcaster] {
        running.process.stop().await;
    }
    let mut costs = [0.0; 5];
    for ((cost, before), after) in costs.iter_mut().zip(before).zip(after) {
        *cost = (after - before) / measured * 1e6;
    }
    Ok(costs)
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
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        Ok(())
    };
    tokio::time::timeout(WAIT_LIMIT, done).await?
}
