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
    lab::{Lab, Place},
    load::{Calls, Load},
    row::Row,
    scrape::growth,
    usage::memory,
};

/// What the services keep in memory.
pub(super) async fn measure(place: &Place) -> anyhow::Result<Row> {
    let scale = place.scale;
    let lab = Lab::new(place).await?;
    let mut row = Row::new(8, "memory");

    let gateway = lab.service(Service::Gateway).await?;
    sleep(scale.warm_up).await;
    let (idle, _) = memory(gateway.process.identity().pid())?;
    row.at_most("gateway, idle", idle.into(), 15.0, "MB");
    let load = Load {
        connections: 256,
        rate: None,
        time: scale.load,
        calls: Calls::Sends(gateway.address, bodies::sends(place, 10_000)?),
        token: lab.token.clone(),
    };
    load.run().await?;
    let (_, peak) = memory(gateway.process.identity().pid())?;
    row.at_most("gateway, at row 1", peak.into(), 60.0, "MB");
    gateway.process.stop().await;
    lab.purge().await?;

    let gateway = lab.service(Service::Gateway).await?;
    let connections = open(gateway.address, scale.connections).await?;
    let (with_connections, _) = memory(gateway.process.identity().pid())?;
    let what = format!("gateway, with {} open connections", scale.connections);
    row.at_most(&what, with_connections.into(), 120.0, "MB");
    drop(connections);
    gateway.process.stop().await;

    let part = scale.backlog / 4;
    backlog::fill(&lab, ConsumerKind::Persister, part, scale.players).await?;
    let persister = lab.service(Service::Persister).await?;
    growth(persister.metrics, "chat_persister_persisted_total", f64::from(part)).await?;
    let (_, peak) = memory(persister.process.identity().pid())?;
    row.at_most("persister, at row 3", peak.into(), 80.0, "MB");
    persister.process.stop().await;
    lab.purge().await?;

    backlog::fill(&lab, ConsumerKind::Broadcaster, scale.broadcasts / 2, scale.players).await?;
    let broadcaster = lab.service(Service::Broadcaster).await?;
    let goal = f64::from(scale.broadcasts);
    growth(broadcaster.metrics, "chat_broadcaster_broadcast_total", goal).await?;
    let (_, peak) = memory(broadcaster.process.identity().pid())?;
    row.at_most("broadcaster, at row 7", peak.into(), 60.0, "MB");
    lab.close().await;
    Ok(row)
}

/// Connections over each of which something was asked and answered, and that are kept for more.
async fn open(gateway: SocketAddr, count: usize) -> anyhow::Result<Vec<TcpStream>> {
    let mut connections = Vec::new();
    for _ in 0..count {
        let mut connection = TcpStream::connect(gateway).await?;
        connection.write_all(b"GET /health/live HTTP/1.1\r\nhost: bench\r\n\r\n").await?;
        let mut answer = [0; 512];
        anyhow::ensure!(connection.read(&mut answer).await? > 0, "a connection was ended");
        connections.push(connection);
    }
    Ok(connections)
}
