use stack::Service;

use crate::{
    bodies,
    figures::Figures,
    load::{Calls, Load},
    reference::Reference,
    row::Row,
    testbed::{Run, Testbed},
};

/// Sends a second.
const RATE: f64 = 1_000.0;

/// The latency of a send at a moderate rate, beside that of a lone confirm.
pub(super) async fn measure(run: &Run) -> anyhow::Result<Row> {
    let testbed = Testbed::new(run).await?;
    let sends = bodies::sends(run, 10_000)?;
    let gateway = testbed.service(Service::Gateway).await?;
    let confirming = testbed.reference(Reference::ConfirmingGateway, &[]).await?;
    let load = |address, connections, rate| {
        let (calls, token) = (Calls::Sends(address, sends.clone()), testbed.token.clone());
        Load { connections, rate, time: run.scale.load, calls, token }
    };
    let ours = load(gateway.address, 64, Some(RATE));
    let lone = load(confirming.address, 1, None);
    let (mut p50, mut p99, mut p999) = (Figures::default(), Figures::default(), Figures::default());
    let (mut lone_p50, mut lone_p99) = (Figures::default(), Figures::default());
    for _ in 0..run.scale.rounds {
        for load in [&ours, &lone] {
            Load { time: run.scale.warm_up, ..load.clone() }.run().await?;
        }
        let outcome = ours.run().await?;
        p50.add(outcome.p50);
        p99.add(outcome.p99);
        p999.add(outcome.p999);
        let outcome = lone.run().await?;
        lone_p50.add(outcome.p50);
        lone_p99.add(outcome.p99);
    }
    let mut row = Row::new(2, "latency of a send at a constant 1,000 a second");
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
    testbed.close().await;
    Ok(row)
}
