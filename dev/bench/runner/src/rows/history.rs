use stack::Service;

use crate::{
    bodies,
    figures::Figures,
    large::{self, DEEP},
    load::{Calls, Load},
    reference::Reference,
    row::Row,
    testbed::{Run, Testbed},
};

/// Cursors at which pages of the long conversation begin.
const CURSORS: i64 = 2_000;

/// Pages of history a second from a large database, beside a minimal program that reads them.
pub(super) async fn measure(run: &Run) -> anyhow::Result<Row> {
    let testbed = Testbed::kept(run).await?;
    let database = testbed.database().await?;
    large::fill(&database, run.scale.large, run.scale.large / 10).await?;
    let cursors = "
        SELECT (extract(epoch FROM accepted_at) * 1000000)::bigint || ':' || id FROM chat_messages
        WHERE player_id = $1 AND seq > 50 ORDER BY md5(id::text) LIMIT $2";
    let cursors = database.query(cursors, &[&DEEP, &CURSORS]).await?;
    let cursors = cursors.iter().map(|row| row.try_get(0));
    let cursors = cursors.collect::<Result<Vec<String>, _>>()?;
    let gateway = testbed.service(Service::Gateway).await?;
    let minimal = testbed.reference(Reference::History, &[]).await?;
    let load = |address, name| -> anyhow::Result<Load> {
        let url = |cursor: &String| {
            format!(
                "http://{address}/api/unified-chat/conversations/{DEEP}?limit=50&before={cursor}"
            )
        };
        let calls = Calls::Pages(bodies::urls(run, name, cursors.iter().map(url))?);
        let token = testbed.token.clone();
        Ok(Load { connections: 32, rate: None, time: run.scale.load, calls, token })
    };
    let loads = [load(gateway.address, "pages")?, load(minimal.address, "minimal-pages")?];
    let mut rates: [Figures; 2] = Default::default();
    let mut p99s: [Figures; 2] = Default::default();
    for _ in 0..run.scale.rounds {
        for ((load, rates), p99s) in loads.iter().zip(&mut rates).zip(&mut p99s) {
            Load { time: run.scale.warm_up, ..load.clone() }.run().await?;
            let outcome = load.run().await?;
            anyhow::ensure!(outcome.bad == 0.0, "{} pages failed", outcome.bad);
            rates.add(outcome.per_second);
            p99s.add(outcome.p99);
        }
    }
    let what = format!(
        "a page of history, 50 messages deep in a long conversation, of {} rows",
        run.scale.large
    );
    let mut row = Row::new(6, &what);
    let [ours, theirs] = &rates;
    row.at_least("pages a second, over the minimal history handler's", ours.over(theirs), 0.8, "×");
    for (name, (rates, p99s)) in
        ["gateway", "minimal history handler"].iter().zip(rates.iter().zip(&p99s))
    {
        row.raw(name, "pages/s", rates);
        row.raw(&format!("{name}, p99"), "ms", p99s);
    }
    testbed.close().await;
    Ok(row)
}
