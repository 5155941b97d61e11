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

/// Events a second of the broadcaster, beside a minimal program that calls Pusher.
pub(super) async fn measure(run: &Run) -> anyhow::Result<Row> {
    let testbed = Testbed::new(run).await?;
    let (mut ours, mut minimal) = (Figures::default(), Figures::default());
    let events = run.scale.broadcasts;
    for _ in 0..run.scale.rounds {
        // A player's message is two events.
        backlog::fill(&testbed, ConsumerKind::Broadcaster, events / 2, events / 20).await?;
        let broadcaster = testbed.service(Service::Broadcaster).await?;
        // Below the total: a poll after the last event would lower the rate.
        let goal = f64::from(events) * 0.95;
        let growth = growth(broadcaster.metrics, "chat_broadcaster_broadcast_total", goal).await?;
        ours.add(growth);
        broadcaster.process.stop().await;
        minimal.add(
            testbed.rate(Reference::PusherCaller, &[("BENCH_EVENTS", &events.to_string())]).await?,
        );
    }
    let mut row = Row::new(7, "events a second through the broadcaster");
    row.at_least("over the minimal Pusher caller's", ours.over(&minimal), 0.8, "×");
    row.raw("broadcaster", "events/s", &ours);
    row.raw("minimal Pusher caller", "events/s", &minimal);
    testbed.close().await;
    Ok(row)
}
