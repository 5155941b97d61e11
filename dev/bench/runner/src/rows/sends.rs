use stack::Service;

use crate::{
    bodies,
    figures::Figures,
    load::{Calls, Load, Outcome},
    reference::Reference,
    row::Row,
    testbed::{Run, Testbed},
};

/// Players of the sends.
const PLAYERS: u32 = 10_000;

/// Sends a second, beside a gateway without group commit and one without a broker.
pub(super) async fn measure(run: &Run) -> anyhow::Result<Row> {
    let testbed = Testbed::new(run).await?;
    let sends = bodies::sends(run, PLAYERS)?;
    let gateway = testbed.service(Service::Gateway).await?;
    let confirming = testbed.reference(Reference::ConfirmingGateway, &[]).await?;
    let echo = testbed.reference(Reference::Echo, &[]).await?;
    let mut row = Row::new(1, "sends accepted a second, with the workers stopped");
    for (connections, times) in [(64, 2.0), (256, 2.5)] {
        let loads = [gateway.address, confirming.address, echo.address].map(|address| {
            let (calls, token) = (Calls::Sends(address, sends.clone()), testbed.token.clone());
            Load { connections, rate: None, time: run.scale.load, calls, token }
        });
        let mut outcomes: [Vec<Outcome>; 3] = Default::default();
        for _ in 0..run.scale.rounds {
            for (load, outcomes) in loads.iter().zip(&mut outcomes) {
                Load { time: run.scale.warm_up, ..load.clone() }.run().await?;
                outcomes.push(load.run().await?);
                testbed.purge().await?;
            }
        }
        let rates = outcomes.each_ref().map(|round| figures(round, |outcome| outcome.per_second));
        let p99s = outcomes.each_ref().map(|round| figures(round, |outcome| outcome.p99));
        let [ours, confirming, echo] = &rates;
        let at = format!("{connections} connections");
        row.at_least(
            &format!("{at}: rate, over the minimal confirming gateway's"),
            ours.over(confirming),
            times,
            "×",
        );
        row.at_least(&format!("{at}: rate, over the echo's"), ours.over(echo), 0.4, "×");
        let [our_p99, confirming_p99, _] = &p99s;
        row.at_most(
            &format!("{at}: p99, over the minimal confirming gateway's"),
            our_p99.over(confirming_p99),
            0.5,
            "×",
        );
        let names = ["gateway", "minimal confirming gateway", "echo"];
        for ((name, rate), p99) in names.iter().zip(&rates).zip(&p99s) {
            row.raw(&format!("{at}: {name}"), "sends/s", rate);
            row.raw(&format!("{at}: {name}, p99"), "ms", p99);
        }
    }
    testbed.close().await;
    Ok(row)
}

fn figures(outcomes: &[Outcome], of: fn(&Outcome) -> f64) -> Figures {
    outcomes.iter().map(of).collect()
}
