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

/// Events a second through the broadcaster, beside the plainest program that calls Pusher.
pub(super) async fn measure(place: &Place) -> anyhow::Result<Row> {
    let lab = Lab::new(place).await?;
    let (mut ours, mut plainest) = (Figures::default(), Figures::default());
    let events = place.scale.broadcasts;
    for _ in 0..place.scale.rounds {
        // A player's message is two events.
        backlog::fill(&lab, ConsumerKind::Broadcaster, events / 2, events / 20).await?;
        let broadcaster = lab.service(Service::Broadcaster).await?;
        // Once all are done the count stands still, and it would be seen too late.
        let goal = f64::from(events) * 0.95;
        let growth = growth(broadcaster.metrics, "chat_broadcaster_broadcast_total", goal).await?;
        ours.add(growth);
        broadcaster.process.stop().await;
        plainest.add(
            lab.result(Contender::PusherCaller, &[("BENCH_EVENTS", &events.to_string())]).await?,
        );
    }
    let mut row = Row::new(7, "events a second through the broadcaster");
    row.at_least("over the plainest Pusher caller's", ours.over(&plainest), 0.8, "×");
    row.raw("broadcaster", "events/s", &ours);
    row.raw("plainest Pusher caller", "events/s", &plainest);
    lab.close().await;
    Ok(row)
}
