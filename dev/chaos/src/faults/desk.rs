//! Many desks claim the same sessions at once.

use std::time::Duration;

use anyhow::ensure;
use futures_util::{FutureExt, future::join_all};
use nix::sys::signal::Signal;
use tokio::{select, time::sleep};

use crate::{
    drill::Drill,
    fault::Fault,
    load::{Action, ClientRequest},
    plan::Plan,
};

/// Time between two kills of a persister.
const KILL_INTERVAL: Duration = Duration::from_secs(1);

pub(super) fn faults() -> Vec<Fault> {
    vec![Fault {
        name: "desks-claim",
        description: "50 desks claim the same 1,000 sessions at once, and persisters are killed",
        plan: |scale| Plan { persisters: 3, ..Plan::usual(scale) },
        inflict: |drill| claim_at_once(drill).boxed_local(),
    }]
}

async fn claim_at_once(drill: &mut Drill) -> anyhow::Result<()> {
    let players: Vec<_> =
        (0..drill.scale.pick(1_000, 40)).map(|number| format!("claimed-{number}")).collect();
    let opening: Vec<_> = players
        .iter()
        .map(|player| ClientRequest::new(player.clone(), Action::PlayerWrites))
        .collect();
    drill.load.send_all(&opening, drill.random.fork()).await;

    let desks = 0..drill.scale.pick(50, 8);
    let mut claims_of_desks = Vec::new();
    for desk in desks {
        let mut players = players.clone();
        drill.random.shuffle(&mut players);
        let claim = |player| ClientRequest::new(player, Action::Claim(desk));
        claims_of_desks.push(players.into_iter().map(claim).collect::<Vec<_>>());
    }
    send_while_persisters_are_killed(drill, &claims_of_desks).await;
    drill.wait_until_persisted().await?;
    ensure_one_owner(drill, &players).await?;

    // The clients did not receive their answers, and send the same claims again.
    let before = states(drill).await?;
    for claims in claims_of_desks.iter().take(2) {
        drill.load.send_all(claims, drill.random.fork()).await;
    }
    // While clients send, a queue is hardly ever empty.
    drill.pause_and_settle().await?;
    drill.wait_until_the_queues_are_empty().await?;
    ensure!(states(drill).await? == before, "repeated claims changed a session");
    Ok(())
}

async fn send_while_persisters_are_killed(drill: &mut Drill, claims: &[Vec<ClientRequest>]) {
    let mut random = drill.random.fork();
    let sends = claims.iter().map(|claims| drill.load.send_all(claims, random.fork()));
    let sends = join_all(sends.collect::<Vec<_>>());
    let persisters = &drill.deployment.persisters;
    let mut choices = drill.random.fork();
    let kills = async {
        loop {
            if let Some(victim) = persisters.get(choices.usize(..persisters.len())) {
                let killed = victim.process.identity();
                victim.process.signal(Signal::SIGKILL);
                victim.process.replaced(killed).await;
            }
            sleep(KILL_INTERVAL).await;
        }
    };
    select! {
        _ = sends => {}
        () = kills => {}
    }
}

/// The audit compares each assignee with the earliest claim; this counts that all have one.
async fn ensure_one_owner(drill: &mut Drill, players: &[String]) -> anyhow::Result<()> {
    let database = drill.deployment.database().await?;
    let owned = "SELECT count(*), count(DISTINCT assignee_id) FROM chat_sessions \
                 WHERE player_id = ANY($1) AND assignee_id IS NOT NULL";
    let row = database.query_one(owned, &[&players]).await?;
    let (owned, owners) = (row.try_get::<_, i64>(0)?, row.try_get::<_, i64>(1)?);
    ensure!(usize::try_from(owned)? == players.len(), "{owned} sessions have an owner");
    drill.notes.push(format!("{owned} sessions, each with one of {owners} owners"));
    Ok(())
}

/// The assignee and the version of each session that was claimed.
async fn states(drill: &Drill) -> anyhow::Result<Vec<(String, Option<String>, i64)>> {
    let states = "SELECT player_id, assignee_id, version FROM chat_sessions \
                  WHERE player_id LIKE 'claimed-%' ORDER BY player_id, opened_at";
    let rows = drill.deployment.database().await?.query(states, &[]).await?;
    let states = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)));
    states.collect()
}
