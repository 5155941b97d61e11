use broker::ConsumerKind;
use stack::Service;

use crate::{
    backlog,
    figures::Figures,
    reference::Reference,
    row::Row,
    scrape::growth,
    testbed::{Run, Testbed},
};

/// Rows a second while the persister drains a backlog, beside PostgreSQL's rate for the messages
/// alone.
pub(super) async fn measure(run: &Run) -> anyhow::Result<Row> {
    let scale = run.scale;
    let testbed = Testbed::new(run).await?;
    let (mut ours, mut marked, mut unnest, mut copy) =
        (Figures::default(), Figures::default(), Figures::default(), Figures::default());
    let part = scale.backlog / u32::try_from(scale.rounds)?;
    let (messages, players) = (part.min(200_000).to_string(), scale.players.to_string());
    for _ in 0..scale.rounds {
        backlog::fill(&testbed, ConsumerKind::Persister, part, scale.players).await?;
        ours.add(drain(&testbed, part).await?);
        backlog::fill_with_read_marks(&testbed, part, scale.players).await?;
        marked.add(drain(&testbed, part).await?);

        let database = testbed.migrated_database("limits").await?;
        let own = [
            ("DATABASE_URL", &*database),
            ("BENCH_MESSAGES", &messages),
            ("BENCH_PLAYERS", &players),
        ];
        unnest.add(testbed.rate(Reference::Unnest, &own).await?);
        copy.add(testbed.rate(Reference::Copy, &own).await?);
    }
    let mut row = Row::new(
        3,
        "rows a second as the persister drains a backlog, sessions, seq, announcements and acks included",
    );
    row.at_least("over UNNEST … ON CONFLICT of the messages alone", ours.over(&unnest), 0.5, "×");
    row.at_least("with a read mark for each message, over without", marked.over(&ours), 0.75, "×");
    row.raw("persister", "rows/s", &ours);
    row.raw("persister, with a read mark for each message", "rows/s", &marked);
    row.raw("UNNEST … ON CONFLICT, one connection as the persister has", "rows/s", &unnest);
    row.raw("binary COPY, one connection", "rows/s", &copy);
    testbed.close().await;
    Ok(row)
}

/// Messages a second while a persister drains a backlog of `messages`.
async fn drain(testbed: &Testbed, messages: u32) -> anyhow::Result<f64> {
    let persister = testbed.service(Service::Persister).await?;
    // The next persister starts with the batch that this one does not finish.
    let goal = f64::from(messages) * 0.98;
    let rate = growth(persister.metrics, "chat_persister_persisted_total", goal).await?;
    persister.process.stop().await;
    Ok(rate)
}
