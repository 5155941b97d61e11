use stack::Service;

use crate::{
    bodies,
    contender::Contender,
    figures::Figures,
    lab::{Lab, Place},
    load::{Calls, Load, Outcome},
    row::Row,
};

/// Players that are written to.
const PLAYERS: u32 = 10_000;

/// Sends a second, beside what a gateway without group commit and one without a queue take.
pub(super) async fn measure(place: &Place) -> anyhow::Result<Row> {
    let lab = Lab::new(place).await?;
    let sends = bodies::sends(place, PLAYERS)?;
    let gateway = lab.service(Service::Gateway).await?;
    let confirming = lab.contender(Contender::ConfirmingGateway, &[]).await?;
    let echo = lab.contender(Contender::Echo, &[]).await?;
    let mut row = Row::new(1, "sends accepted a second, with the workers stopped");
    for (connections, times) in [(64, 2.0), (256, 2.5)] {
        let loads = [gateway.address, confirming.address, echo.address].map(|address| {
            let (calls, token) = (Calls::Sends(address, sends.clone()), lab.token.clone());
            Load { connections, rate: None, time: place.scale.load, calls, token }
        });
        let mut outcomes: [Vec<Outcome>; 3] = Default::default();
        for _ in 0..place.scale.rounds {
            for (load, outcomes) in loads.iter().zip(&mut outcomes) {
                Load { time: place.scale.warm_up, ..load.clone() }.run().await?;
                outcomes.push(load.run().await?);
                lab.purge().await?;
            }
        }
        let rates = outcomes.each_ref().map(|it| figures(it, |it| it.per_second));
        let p99s = outcomes.each_ref().map(|it| figures(it, |it| it.p99));
        let [ours, confirming, echo] = &rates;
        let at = format!("{connections} connections");
        row.at_least(
            &format!("{at}: rate, over the plainest confirming gateway's"),
            ours.over(confirming),
            times,
            "×",
        );
        row.at_least(&format!("{at}: rate, over the echo's"), ours.over(echo), 0.4, "×");
        let [our_p99, confirming_p99, _] = &p99s;
        row.at_most(
            &format!("{at}: p99, over the plainest confirming gateway's"),
            our_p99.over(confirming_p99),
            0.5,
            "×",
        );
        let names = ["gateway", "plainest confirming gateway", "echo"];
        for ((name, rate), p99) in names.iter().zip(&rates).zip(&p99s) {
            row.raw(&format!("{at}: {name}"), "sends/s", rate);
            row.raw(&format!("{at}: {name}, p99"), "ms", p99);
        }
    }
    lab.close().await;
    Ok(row)
}

fn figures(outcomes: &[Outcome], of: fn(&Outcome) -> f64) -> Figures {
    outcomes.iter().map(of).collect()
}
