use stack::Service;
use tokio::time::{Instant, sleep};

use crate::{
    figures::Figures,
    row::Row,
    testbed::{Run, Testbed},
    usage::cpu_seconds,
};

/// The CPU use of the services without load.
pub(super) async fn measure(run: &Run) -> anyhow::Result<Row> {
    let testbed = Testbed::new(run).await?;
    let mut row = Row::new(10, "CPU of the idle system");
    let mut services = Vec::new();
    for service in [Service::Gateway, Service::Persister, Service::Broadcaster] {
        services.push((testbed.service(service).await?, Figures::default()));
    }
    sleep(run.scale.warm_up).await;
    for _ in 0..run.scale.rounds {
        let began = Instant::now();
        let before = services
            .iter()
            .map(|(running, _)| cpu_seconds(running.process.identity().pid()))
            .collect::<Result<Vec<_>, _>>()?;
        sleep(run.scale.idle).await;
        let passed = began.elapsed().as_secs_f64();
        for ((running, figures), before) in services.iter_mut().zip(before) {
            let used = cpu_seconds(running.process.identity().pid())? - before;
            figures.add(used / passed * 100.0);
        }
    }
    for (running, figures) in services {
        row.at_most(running.service.name(), figures, 0.5, "% of a core");
    }
    testbed.close().await;
    Ok(row)
}
