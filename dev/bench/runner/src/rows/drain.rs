use broker::ConsumerKind;
use stack::Service;

use crate::{
    backlog,
    contender::Contender,
    figures::Figures,
    lab::{Lab, Place},
    row::Row,
    scrape::growth,
};

/// Rows a second as the persister works off a backlog, beside what PostgreSQL takes of the messages
/// alone.
pub(super) async fn measure(place: &Place) -> anyhow::Result<Row> {
    let scale = place.scale;
    let lab = Lab::new(place).await?;
    backlog::fill(&lab, ConsumerKind::Persister, scale.backlog, scale.players).await?;
    let (mut ours, mut unnest, mut copy) =
        (Figures::default(), Figures::default(), Figures::default());
    // One part of the backlog in each round.
    let part = scale.backlog / u32::try_from(scale.rounds)?;
    let (messages, players) = (part.min(200_000).to_string(), scale.players.to_string());
    for _ in 0..scale.rounds {
        let persister = lab.service(Service::Persister).await?;
        // What is in hand when it is stopped is begun anew by the next.
        let goal = f64::from(part) * 0.98;
        ours.add(growth(persister.metrics, "chat_persister_persisted_total", goal).await?);
        persister.process.stop().await;

        let database = lab.migrated_database("limits").await?;
        let own = [
            ("DATABASE_URL", &*database),
            ("BENCH_MESSAGES", &messages),
            ("BENCH_PLAYERS", &players),
        ];
        unnest.add(lab.result(Contender::Unnest, &own).await?);
        copy.add(lab.result(Contender::Copy, &own).await?);
    }
    let mut row = Row::new(
        3,
        "rows a second as the persister drains a backlog, sessions, seq, announcements and acks included",
    );
    row.at_least("over UNNEST … ON CONFLICT of the messages alone", ours.over(&unnest), 0.5, "×");
    row.raw("persister", "rows/s", &ours);
    row.raw("UNNEST … ON CONFLICT, one connection as the persister has", "rows/s", &unnest);
    row.raw("binary COPY, one connection", "rows/s", &copy);
    lab.close().await;
    Ok(row)
}
