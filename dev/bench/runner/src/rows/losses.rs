use std::{net::SocketAddr, sync::Arc, time::Duration};

use chaos::{Load, LoadGenerator};
use nix::sys::signal::Signal;
use stack::{Process, Service, Variables};
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{
    contender::Contender,
    figures::Figures,
    lab::{Lab, Place, connect},
    row::Row,
    scrape::PATIENCE,
};

/// After nothing more has come for so long, nothing will.
const SILENCE: Duration = Duration::from_secs(15);

/// Accepted messages that are gone after everything was killed under full load.
pub(super) async fn measure(place: &Place) -> anyhow::Result<Row> {
    let lab = Lab::new(place).await?;
    let (mut ours, mut our_accepted) = (Figures::default(), Figures::default());
    let (mut before, mut before_accepted) = (Figures::default(), Figures::default());
    // Who may send is no question of losses, and V1.2 knows no tokens.
    let mut own = Variables::default();
    own.set("AUTH_MODE", "off");
    for _ in 0..place.scale.rounds {
        let gateway = lab.service_with(Service::Gateway, &own).await?;
        let persister = lab.service(Service::Persister).await?;
        let broadcaster = lab.service(Service::Broadcaster).await?;
        let servers = [lab.servers.rabbitmq.process(), lab.servers.postgres.process()];
        let services = [&gateway.process, &persister.process, &broadcaster.process];
        let accepted =
            accepted_until_killed(place, gateway.address, services.into_iter().chain(servers))
                .await?;
        lab.servers.postgres.ready().await?;
        lab.servers.rabbitmq.ready().await?;
        for running in [&gateway, &persister, &broadcaster] {
            running.ready().await?;
        }
        ours.add(lost(&lab.database().await?, &accepted).await?);
        our_accepted.add(accepted.len() as f64);
        for running in [gateway, persister, broadcaster] {
            running.process.stop().await;
        }

        let database = lab.empty_database("express").await?;
        let own = [("DATABASE_URL", &*database), ("CHAT_VERSION", "v1.2")];
        let serving = lab.contender(Contender::Express, &own).await?;
        let killed = [&serving.process, lab.servers.postgres.process()];
        let accepted = accepted_until_killed(place, serving.address, killed.into_iter()).await?;
        lab.servers.postgres.ready().await?;
        before.add(lost(&connect(&database).await?, &accepted).await?);
        before_accepted.add(accepted.len() as f64);
        serving.process.stop().await;
    }
    let mut row = Row::new(12, "accepted messages lost when everything is killed at full load");
    row.at_most("lost", ours, 0.0, "messages");
    row.raw("accepted", "messages", &our_accepted);
    row.raw("V1.2: lost", "messages", &before);
    row.raw("V1.2: accepted", "messages", &before_accepted);
    lab.close().await;
    Ok(row)
}

/// Loads `address` as much as it takes, kills the `processes`, all at once, and says which messages
/// were accepted by then.
async fn accepted_until_killed<'a>(
    place: &Place,
    address: SocketAddr,
    processes: impl Iterator<Item = &'a Arc<Process>>,
) -> anyhow::Result<Vec<Uuid>> {
    let load = Load { clients: 64, per_second: None, players: 1_000 };
    let load = LoadGenerator::start(load, &[address], &mut fastrand::Rng::with_seed(1))?;
    sleep(place.scale.load).await;
    processes.for_each(|process| process.signal(Signal::SIGKILL));
    let ledger = Arc::clone(load.ledger());
    drop(load);
    let entries = ledger.entries();
    let accepted = entries.requests.iter().filter(|(_, entry)| entry.is_accepted_message());
    Ok(accepted.map(|(id, _)| *id).collect())
}

/// How many of them are not in the database, nor come any more.
async fn lost(database: &Client, accepted: &[Uuid]) -> anyhow::Result<f64> {
    let missing = "
        SELECT count(*)::float8 FROM unnest($1::uuid[]) sent (id)
        WHERE NOT EXISTS (SELECT FROM chat_messages m WHERE m.id = sent.id)";
    let began = Instant::now();
    let (mut last, mut lost) = (began, f64::INFINITY);
    loop {
        let now: f64 = database.query_one(missing, &[&accepted]).await?.try_get(0)?;
        if now < lost {
            (last, lost) = (Instant::now(), now);
        }
        if lost == 0.0 || last.elapsed() > SILENCE || began.elapsed() > PATIENCE {
            return Ok(lost);
        }
        sleep(Duration::from_millis(200)).await;
    }
}
