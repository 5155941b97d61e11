use broker::ConsumerKind;
use nix::sys::signal::Signal;
use stack::Service;

use crate::{
    backlog, bodies,
    figures::Figures,
    load::{Calls, Load},
    row::Row,
    testbed::{Run, Testbed},
};

/// Sends a second.
const RATE: f64 = 1_000.0;

/// The latency of a send while the persister is busy, and while the database is down.
pub(super) async fn measure(run: &Run) -> anyhow::Result<Row> {
    let testbed = Testbed::new(run).await?;
    let gateway = testbed.service(Service::Gateway).await?;
    let load = Load {
        connections: 64,
        rate: Some(RATE),
        time: run.scale.load,
        calls: Calls::Sends(gateway.address, bodies::sends(run, 10_000)?),
        token: testbed.token.clone(),
    };
    let (mut quiet, mut draining, mut down) =
        (Figures::default(), Figures::default(), Figures::default());
    Load { time: run.scale.warm_up, ..load.clone() }.run().await?;
    let part = run.scale.backlog / 3;
    for _ in 0..run.scale.rounds {
        quiet.add(load.run().await?.p99);

        backlog::fill(&testbed, ConsumerKind::Persister, part, run.scale.players).await?;
        let persister = testbed.service(Service::Persister).await?;
        draining.add(load.run().await?.p99);
        persister.process.stop().await;
        testbed.purge().await?;

        let postgres = testbed.servers.postgres.process();
        let before = postgres.identity();
        postgres.suspend_restart();
        postgres.signal(Signal::SIGQUIT);
        down.add(load.run().await?.p99);
        postgres.resume_restart();
        postgres.replaced(before).await;
        testbed.servers.postgres.ready().await?;
    }
    let mut row =
        Row::new(11, "p99 of a send at 1,000 a second while other parts are busy or down");
    row.at_most(
        "while the persister drains a backlog, over quiet",
        draining.over(&quiet),
        1.5,
        "×",
    );
    row.at_most("while PostgreSQL is down, over quiet", down.over(&quiet), 1.1, "×");
    row.raw("quiet", "ms", &quiet);
    row.raw("while the persister drains a backlog", "ms", &draining);
    row.raw("while PostgreSQL is down", "ms", &down);
    testbed.close().await;
    Ok(row)
}
