use std::net::SocketAddr;

use broker::ConsumerKind;
use stack::Service;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

use crate::{
    backlog, bodies,
    load::{Calls, Load},
    row::Row,
    scrape::growth,
    testbed::{Run, Testbed},
    usage::memory,
};

/// The memory of the services.
pub(super) async fn measure(run: &Run) -> anyhow::Result<Row> {
    let scale = run.scale;
    let testbed = Testbed::new(run).await?;
    let mut row = Row::new(8, "memory");

    let gateway = testbed.service(Service::Gateway).await?;
    sleep(scale.warm_up).await;
    let (idle, _) = memory(gateway.process.identity().pid())?;
    row.at_most("gateway, idle", idle.into(), 15.0, "MB");
    let load = Load {
        connections: 256,
        rate: None,
        time: scale.load,
        calls: Calls::Sends(gateway.address, bodies::sends(run, 10_000)?),
        token: testbed.token.clone(),
    };
    load.run().await?;
    let (_, peak) = memory(gateway.process.identity().pid())?;
    row.at_most("gateway, at row 1", peak.into(), 60.0, "MB");
    gateway.process.stop().await;
    testbed.purge().await?;

    let gateway = testbed.service(Service::Gateway).await?;
    let connections = open(gateway.address, scale.connections).await?;
    let (with_connections, _) = memory(gateway.process.identity().pid())?;
    let what = format!("gateway, with {} open connections", scale.connections);
    row.at_most(&what, with_connections.into(), 120.0, "MB");
    drop(connections);
    gateway.process.stop().await;

    let part = scale.backlog / 4;
    backlog::fill(&testbed, ConsumerKind::Persister, part, scale.players).await?;
    let persister = testbed.service(Service::Persister).await?;
    growth(persister.metrics, "chat_persister_persisted_total", f64::from(part)).await?;
    let (_, peak) = memory(persister.process.identity().pid())?;
    row.at_most("persister, at row 3", peak.into(), 80.0, "MB");
    persister.process.stop().await;
    testbed.purge().await?;

    backlog::fill(&testbed, ConsumerKind::Broadcaster, scale.broadcasts / 2, scale.players).await?;
    let broadcaster = testbed.service(Service::Broadcaster).await?;
    let goal = f64::from(scale.broadcasts);
    growth(broadcaster.metrics, "chat_broadcaster_broadcast_total", goal).await?;
    let (_, peak) = memory(broadcaster.process.identity().pid())?;
    row.at_most("broadcaster, at row 7", peak.into(), 60.0, "MB");
    testbed.close().await;
    Ok(row)
}

/// Open connections, each after one call.
async fn open(gateway: SocketAddr, count: usize) -> anyhow::Result<Vec<TcpStream>> {
    let mut connections = Vec::new();
    for _ in 0..count {
        let mut connection = TcpStream::connect(gateway).await?;
        connection.write_all(b"GET /health/live HTTP/1.1\r\nhost: bench\r\n\r\n").await?;
        let mut answer = [0; 512];
        anyhow::ensure!(connection.read(&mut answer).await? > 0, "the gateway closed a connection");
        connections.push(connection);
    }
    Ok(connections)
}
