use stack::Variables;

use super::cpu::{NAMES, cost};
use crate::{
    figures::Figures,
    row::Row,
    testbed::{Run, Testbed},
};

/// Sends a second: hardly any, some and half of what the system sustains.
const RATES: [f64; 3] = [1_000.0, 2_000.0, 5_500.0];

const PLAYERS: u32 = 10_000;

/// The CPU cost of a message, beside that of the release in [`Run::earlier`].
pub(super) async fn measure(run: &Run) -> anyhow::Result<Row> {
    let directory = run.directory.join("earlier");
    let earlier_run = Run { binaries: run.earlier.clone(), directory, ..run.clone() };
    let earlier = Testbed::new(&earlier_run).await?;
    let testbed = Testbed::new(run).await?;
    let own = Variables::default();
    let mut row = Row::new(13, "CPU of all parts a message");
    for rate in RATES {
        let mut costs: [[Figures; 5]; 2] = Default::default();
        let mut sums: [Figures; 2] = Default::default();
        for _ in 0..run.scale.rounds {
            for (index, (run, testbed)) in
                [(&earlier_run, &earlier), (run, &testbed)].into_iter().enumerate()
            {
                let cost = cost(run, testbed, &own, PLAYERS, rate).await?;
                if let (Some(costs), Some(sum)) = (costs.get_mut(index), sums.get_mut(index)) {
                    sum.add(cost.iter().sum());
                    costs.iter_mut().zip(cost).for_each(|(costs, cost)| costs.add(cost));
                }
            }
        }
        let [before, now] = &sums;
        row.at_most(
            &format!("at {rate} a second, over an earlier release's"),
            now.over(before),
            0.6,
            "×",
        );
        row.raw(&format!("{rate} a second, earlier release"), "µs a message", before);
        row.raw(&format!("{rate} a second"), "µs a message", now);
        let [_, parts] = &costs;
        for (name, part) in NAMES.iter().zip(parts) {
            row.raw(&format!("{rate} a second, {name}"), "µs a message", part);
        }
    }
    testbed.close().await;
    earlier.close().await;
    Ok(row)
}
