use stack::Service;
use tokio::time::{Instant, sleep};

use crate::{
    figures::Figures,
    lab::{Lab, Place},
    row::Row,
    usage::cpu_seconds,
};

/// What the services use while nobody wants anything of them.
pub(super) async fn measure(place: &Place) -> anyhow::Result<Row> {
    let lab = Lab::new(place).await?;
    let mut row = Row::new(10, "CPU of the idle system");
    let mut services = Vec::new();
    for service in [Service::Gateway, Service::Persister, Service::Broadcaster] {
        services.push((lab.service(service).await?, Figures::default()));
    }
    sleep(place.scale.warm_up).await;
    for _ in 0..place.scale.rounds {
        let began = Instant::now();
        let before = services
            .iter()
            .map(|(running, _)| cpu_seconds(running.process.identity().pid()))
            .collect::<Result<Vec<_>, _>>()?;
        sleep(place.scale.idle).await;
        let passed = began.elapsed().as_secs_f64();
        for ((running, figures), before) in services.iter_mut().zip(before) {
            let used = cpu_seconds(running.process.identity().pid())? - before;
            figures.add(used / passed * 100.0);
        }
    }
    for (running, figures) in services {
        row.at_most(running.service.name(), figures, 0.5, "% of a core");
    }
    lab.close().await;
    Ok(row)
}
