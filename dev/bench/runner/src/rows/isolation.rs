use broker::ConsumerKind;
use nix::sys::signal::Signal;
use stack::Service;

use crate::{
    backlog, bodies,
    figures::Figures,
    lab::{Lab, Place},
    load::{Calls, Load},
    row::Row,
};

/// Sends that are due in a second.
const RATE: f64 = 1_000.0;

/// What a send notices of a busy persister, and of a database that is down.
pub(super) async fn measure(place: &Place) -> anyhow::Result<Row> {
    let lab = Lab::new(place).await?;
    let gateway = lab.service(Service::Gateway).await?;
    let load = Load {
        connections: 64,
        rate: Some(RATE),
        time: place.scale.load,
        calls: Calls::Sends(gateway.address, bodies::sends(place, 10_000)?),
        token: lab.token.clone(),
    };
    let (mut quiet, mut draining, mut down) =
        (Figures::default(), Figures::default(), Figures::default());
    Load { time: place.scale.warm_up, ..load.clone() }.run().await?;
    let part = place.scale.backlog / 3;
    for _ in 0..place.scale.rounds {
        quiet.add(load.run().await?.p99);

        backlog::fill(&lab, ConsumerKind::Persister, part, place.scale.players).await?;
        let persister = lab.service(Service::Persister).await?;
        draining.add(load.run().await?.p99);
        persister.process.stop().await;
        lab.purge().await?;

        let postgres = lab.servers.postgres.process();
        let before = postgres.identity();
        postgres.suspend_restart();
        postgres.signal(Signal::SIGQUIT);
        down.add(load.run().await?.p99);
        postgres.resume_restart();
        postgres.replaced(before).await;
        lab.servers.postgres.ready().await?;
    }
    let mut row = Row::new(11, "p99 of a send at 1,000 a second beside trouble elsewhere");
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
    lab.close().await;
    Ok(row)
}
