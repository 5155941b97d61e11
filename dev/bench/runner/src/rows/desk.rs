use std::{process::Stdio, time::Duration};

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::json;
use stack::{Service, Variables};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::Command,
    time::timeout,
};

use crate::{
    bodies,
    figures::Figures,
    large,
    load::{Calls, Load},
    row::Row,
    testbed::{Run, Testbed, connect},
};

/// Open desks.
const DESKS: u16 = 200;

/// Claims a second of all desks together.
const CLAIMS: f64 = 50.0;

/// Pages of the inbox a second: each desk loads one every ten seconds.
const PAGES: f64 = 20.0;

/// The time of a page of the inbox while many desks claim sessions, in a large database with 10,000
/// open sessions.
pub(super) async fn measure(run: &Run) -> anyhow::Result<Row> {
    let testbed = Testbed::kept(run).await?;
    let source = testbed.database().await?;
    large::fill(&source, run.scale.large, run.scale.large / 10).await?;
    drop(source);
    let url = testbed.copied_database("desk").await?;
    let database = connect(&url).await?;
    large::resolve_most(&database).await?;

    let mut own = Variables::default();
    own.set("DATABASE_URL", url.as_str());
    own.set("TEAM_DESK", "on");
    let gateway = testbed.service_with(Service::Gateway, &own).await?;
    testbed.service_with(Service::Persister, &own).await?;
    testbed.service_with(Service::Broadcaster, &own).await?;
    let mut desks = Desks::open(&testbed, gateway.address).await?;

    let filters = [
        "assignee=none&order=waiting",
        "assignee=none&team=team-3&order=waiting",
        "assignee=me",
        "tag=refund",
        "status=pending,active&order=waiting",
        "status=resolved",
    ];
    let urls = filters.map(|filter| {
        format!("http://{}/api/unified-chat/conversations?{filter}&limit=50", gateway.address)
    });
    let load = Load {
        connections: 16,
        rate: Some(PAGES),
        time: run.scale.load,
        calls: Calls::Pages(bodies::urls(run, "inbox-pages", urls.into_iter())?),
        token: testbed.token.clone(),
    };
    Load { time: run.scale.warm_up, ..load.clone() }.run().await?;
    let (mut pages, mut received) = (Figures::default(), Figures::default());
    let claims = (CLAIMS * run.scale.load.as_secs_f64()) as i64;
    for _ in 0..run.scale.rounds {
        let free = "SELECT player_id FROM chat_sessions WHERE resolved_at IS NULL \
                    AND assignee_id IS NULL ORDER BY md5(player_id) LIMIT $1";
        let free = database.query(free, &[&claims]).await?;
        let players = free.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
        let (page, claimed) = tokio::join!(load.run(), desks.claim(&players));
        let (page, claimed) = (page?, claimed?);
        ensure!(page.bad == 0.0, "{} pages failed", page.bad);
        ensure!(claimed.disagreements == 0, "{} desks differ", claimed.disagreements);
        pages.add(page.p99);
        received.add(claimed.p99);
    }
    let what = format!(
        "a page of the inbox with 10,000 open sessions of {}, while {DESKS} desks claim {CLAIMS} \
         sessions a second",
        run.scale.large / 10,
    );
    let mut row = Row::new(14, &what);
    row.at_most("p99 of a page", pages, 100.0, "ms");
    row.raw("from a claim to each of the desks, p99", "ms", &received);
    testbed.close().await;
    Ok(row)
}

/// Desks with a pusher-js each, in one process.
struct Desks {
    child: tokio::process::Child,
    lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

/// What the desks received of their claims.
#[derive(Deserialize)]
struct Claimed {
    /// Desks that received another assignee of a session than the first desk.
    disagreements: u32,
    /// From a claim to a desk, in milliseconds.
    p99: f64,
}

impl Desks {
    async fn open(testbed: &Testbed, gateway: std::net::SocketAddr) -> anyhow::Result<Self> {
        let pusher = testbed.pusher().address;
        let mut child = Command::new("node")
            .arg("dev/end-to-end/node/desks.mjs")
            .envs(testbed.variables.iter())
            .env("PUSHER_HOST", pusher.ip().to_string())
            .env("PUSHER_PORT", pusher.port().to_string())
            .env("GATEWAY_URL", format!("http://{gateway}"))
            .env("DESKS", DESKS.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().context("no output")?;
        let mut desks = Self { child, lines: BufReader::new(output).lines() };
        desks.line().await?;
        Ok(desks)
    }

    async fn claim(&mut self, players: &[String]) -> anyhow::Result<Claimed> {
        let order = json!({ "rate": CLAIMS, "players": players });
        let input = self.child.stdin.as_mut().context("no input")?;
        input.write_all(format!("{order}\n").as_bytes()).await?;
        Ok(serde_json::from_str(&self.line().await?)?)
    }

    async fn line(&mut self) -> anyhow::Result<String> {
        let line = timeout(Duration::from_secs(60), self.lines.next_line()).await??;
        line.context("the desks ended")
    }
}
