//! How long a machine takes for what the services do over and over.

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
