use stack::Service;

use crate::{
    bodies,
    contender::Contender,
    figures::Figures,
    lab::{Lab, Place},
    large::{self, DEEP},
    load::{Calls, Load},
    row::Row,
};

/// Places in the long conversation that pages are asked for from.
const PLACES: i64 = 2_000;

/// Pages of history a second out of a large database, beside the plainest program that reads them.
pub(super) async fn measure(place: &Place) -> anyhow::Result<Row> {
    let lab = Lab::kept(place).await?;
    let database = lab.database().await?;
    large::make(&database, place.scale.large, place.scale.large / 10).await?;
    let cursors = "
        SELECT (extract(epoch FROM accepted_at) * 1000000)::bigint || ':' || id FROM chat_messages
        WHERE player_id = $1 AND seq > 50 ORDER BY md5(id::text) LIMIT $2";
    let cursors = database.query(cursors, &[&DEEP, &PLACES]).await?;
    let cursors = cursors.iter().map(|row| row.try_get(0));
    let cursors = cursors.collect::<Result<Vec<String>, _>>()?;
    let gateway = lab.service(Service::Gateway).await?;
    let plainest = lab.contender(Contender::History, &[]).await?;
    let load = |address, name| -> anyhow::Result<Load> {
        let url = |cursor: &String| {
            format!(
                "http://{address}/api/unified-chat/conversations/{DEEP}?limit=50&before={cursor}"
            )
        };
        let calls = Calls::Pages(bodies::urls(place, name, cursors.iter().map(url))?);
        let token = lab.token.clone();
        Ok(Load { connections: 32, rate: None, time: place.scale.load, calls, token })
    };
    let loads = [load(gateway.address, "pages")?, load(plainest.address, "plainest-pages")?];
    let mut rates: [Figures; 2] = Default::default();
    let mut p99s: [Figures; 2] = Default::default();
    for _ in 0..place.scale.rounds {
        for ((load, rates), p99s) in loads.iter().zip(&mut rates).zip(&mut p99s) {
            Load { time: place.scale.warm_up, ..load.clone() }.run().await?;
            let outcome = load.run().await?;
            anyhow::ensure!(outcome.bad == 0.0, "{} pages failed", outcome.bad);
            rates.add(outcome.per_second);
            p99s.add(outcome.p99);
        }
    }
    let what = format!(
        "a page of history, 50 messages deep in a long conversation, of {} rows",
        place.scale.large
    );
    let mut row = Row::new(6, &what);
    let [ours, theirs] = &rates;
    row.at_least(
        "pages a second, over the plainest history handler's",
        ours.over(theirs),
        0.8,
        "×",
    );
    for (name, (rates, p99s)) in
        ["gateway", "plainest history handler"].iter().zip(rates.iter().zip(&p99s))
    {
        row.raw(name, "pages/s", rates);
        row.raw(&format!("{name}, p99"), "ms", p99s);
    }
    lab.close().await;
    Ok(row)
}
