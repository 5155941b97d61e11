use stack::Service;

use crate::{
    bodies,
    contender::Contender,
    figures::Figures,
    lab::{Lab, Place},
    load::{Calls, Load},
    row::Row,
};

/// Sends that are due in a second.
const RATE: f64 = 1_000.0;

/// How long a send takes at a rate that leaves room, beside a confirm that nobody else waits for.
pub(super) async fn measure(place: &Place) -> anyhow::Result<Row> {
    let lab = Lab::new(place).await?;
    let sends = bodies::sends(place, 10_000)?;
    let gateway = lab.service(Service::Gateway).await?;
    let confirming = lab.contender(Contender::ConfirmingGateway, &[]).await?;
    let load = |address, connections, rate| {
        let (calls, token) = (Calls::Sends(address, sends.clone()), lab.token.clone());
        Load { connections, rate, time: place.scale.load, calls, token }
    };
    let ours = load(gateway.address, 64, Some(RATE));
    let lone = load(confirming.address, 1, None);
    let (mut p50, mut p99, mut p999) = (Figures::default(), Figures::default(), Figures::default());
    let (mut lone_p50, mut lone_p99) = (Figures::default(), Figures::default());
    for _ in 0..place.scale.rounds {
        for load in [&ours, &lone] {
            Load { time: place.scale.warm_up, ..load.clone() }.run().await?;
        }
        let outcome = ours.run().await?;
        p50.add(outcome.p50);
        p99.add(outcome.p99);
        p999.add(outcome.p999);
        let outcome = lone.run().await?;
        lone_p50.add(outcome.p50);
        lone_p99.add(outcome.p99);
    }
    let mut row = Row::new(2, "a send at 1,000 a second, due at constant times");
    row.at_most("p99, over a lone confirm's", p99.over(&lone_p99), 2.0, "×");
    row.at_most("p99.9", p999.clone(), 50.0, "ms");
    for (what, figures) in [
        ("p50", &p50),
        ("p99", &p99),
        ("lone confirm, p50", &lone_p50),
        ("lone confirm, p99", &lone_p99),
    ] {
        row.raw(what, "ms", figures);
    }
    lab.close().await;
    Ok(row)
}
