use stack::Variables;

use super::cpu::{NAMES, cost};
use crate::{
    figures::Figures,
    large,
    row::Row,
    testbed::{Run, Testbed, connect},
};

/// Sends a second.
const RATE: f64 = 1_000.0;

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
            let mut own = Variables::default();
            own.set("DATABASE_URL", url.as_str());
            let cost = cost(run, &testbed, &own, players.min(100_000), RATE).await?.cpu;
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
