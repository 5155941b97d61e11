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

/// The rounds of one release at one rate.
#[derive(Default)]
struct Measured {
    sum: Figures,
    parts: [Figures; 5],
    p50: Figures,
    p99: Figures,
}

impl Measured {
    async fn add(&mut self, run: &Run, testbed: &Testbed, rate: f64) -> anyhow::Result<()> {
        let cost = cost(run, testbed, &Variables::default(), PLAYERS, rate).await?;
        self.sum.add(cost.cpu.iter().sum());
        self.parts.iter_mut().zip(cost.cpu).for_each(|(part, cpu)| part.add(cpu));
        self.p50.add(cost.p50);
        self.p99.add(cost.p99);
        Ok(())
    }
}

/// The CPU cost of a message and the time of a send, beside those of the release in
/// [`Run::earlier`].
pub(super) async fn measure(run: &Run) -> anyhow::Result<Row> {
    let directory = run.directory.join("earlier");
    let earlier_run = Run { binaries: run.earlier.clone(), directory, ..run.clone() };
    let earlier_testbed = Testbed::new(&earlier_run).await?;
    let testbed = Testbed::new(run).await?;
    let mut row = Row::new(13, "CPU of all parts a message");
    for rate in RATES {
        let (mut earlier, mut now) = (Measured::default(), Measured::default());
        for _ in 0..run.scale.rounds {
            earlier.add(&earlier_run, &earlier_testbed, rate).await?;
            now.add(run, &testbed, rate).await?;
        }
        let of = |what: &str| format!("{what} at {rate} a second, over an earlier release's");
        row.at_most(&of("CPU"), now.sum.over(&earlier.sum), 0.6, "×");
        row.at_most(&of("p99 of a send"), now.p99.over(&earlier.p99), 1.0, "×");
        for (name, measured) in [(", earlier release", &earlier), ("", &now)] {
            row.raw(&format!("CPU at {rate} a second{name}"), "µs a message", &measured.sum);
            row.raw(&format!("p50 of a send at {rate} a second{name}"), "ms", &measured.p50);
            row.raw(&format!("p99 of a send at {rate} a second{name}"), "ms", &measured.p99);
            for (part, cpu) in NAMES.iter().zip(&measured.parts) {
                row.raw(&format!("{part} at {rate} a second{name}"), "µs a message", cpu);
            }
        }
    }
    testbed.close().await;
    earlier_testbed.close().await;
    Ok(row)
}
