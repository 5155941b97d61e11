//! Times the work of the services for each message.

use bench_costs::COSTS;
use criterion::Criterion;

fn main() -> anyhow::Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    for cost in COSTS {
        let mut call = cost.prepare()?;
        criterion.bench_function(cost.name, |bencher| bencher.iter(&mut call));
    }
    criterion.final_summary();
    Ok(())
}
