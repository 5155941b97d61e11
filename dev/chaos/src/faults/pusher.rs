//! Pusher is down, hangs or refuses. Messages must be persisted meanwhile, and broadcast
//! afterwards.

use anyhow::ensure;
use futures_util::{FutureExt, future::LocalBoxFuture};
use serde_json::{Value, json};

use crate::{
    drill::Drill,
    fault::Fault,
    load::Load,
    plan::{Plan, Scale},
};

pub(super) fn faults() -> Vec<Fault> {
    let fault =
        |name, description, inflict| Fault { name, description, plan: Plan::usual, inflict };
    vec![
        fault("pusher-refuses", "Pusher closes every connection", |drill| {
            answer_with(drill, json!({ "kind": "refuse" }))
        }),
        fault("pusher-500", "Pusher answers 500", |drill| {
            answer_with(drill, json!({ "kind": "status", "status": 500 }))
        }),
        fault("pusher-429", "Pusher answers 429 with Retry-After", |drill| {
            answer_with(drill, json!({ "kind": "status", "status": 429, "retryAfterSeconds": 2 }))
        }),
        fault("pusher-401", "Pusher answers 401: the secret is wrong", |drill| {
            answer_with(drill, json!({ "kind": "status", "status": 401 }))
        }),
        fault("pusher-403", "Pusher answers 403: the quota is used up", |drill| {
            answer_with(drill, json!({ "kind": "status", "status": 403 }))
        }),
        fault("pusher-hangs", "Pusher accepts calls and does not answer", |drill| {
            answer_with(drill, json!({ "kind": "hang" }))
        }),
        fault(
            "pusher-closes",
            "Pusher closes the connection in the middle of its answer",
            |drill| answer_with(drill, json!({ "kind": "close" })),
        ),
        fault("pusher-loses", "Pusher accepts the events, and its answer is lost", |drill| {
            lose_answers(drill).boxed_local()
        }),
        Fault {
            plan: with_a_backlog,
            ..fault("pusher-slow", "Pusher takes 2 s a call, and 10,000 messages wait", |drill| {
                slow(drill).boxed_local()
            })
        },
    ]
}

fn answer_with(drill: &mut Drill, fault: Value) -> LocalBoxFuture<'_, anyhow::Result<()>> {
    async move {
        drill.deployment.pusher.fail(&fault).await?;
        drill.run_for(30).await;
        drill.wait_until_persisted().await?;
        drill.deployment.pusher.behave().await
    }
    .boxed_local()
}

/// Loses a few answers: each event of a lost answer is broadcast again.
async fn lose_answers(drill: &mut Drill) -> anyhow::Result<()> {
    for _ in 0..drill.scale.pick(10, 1) {
        drill.deployment.pusher.fail(&json!({ "kind": "lost", "times": 5 })).await?;
        drill.pause().await;
    }
    drill.deployment.pusher.behave().await
}

const BACKLOG: u64 = 10_000;

fn with_a_backlog(scale: Scale) -> Plan {
    let load = Load { clients: scale.pick(64, 12), per_second: None, players: 100 };
    Plan { load, ..Plan::usual(scale) }
}

async fn slow(drill: &mut Drill) -> anyhow::Result<()> {
    drill.deployment.pusher.fail(&json!({ "kind": "delay", "milliseconds": 2_000 })).await?;
    let backlog = drill.scale.pick(BACKLOG, 200);
    let broadcast = |drill: &Drill| drill.deployment.pusher.broadcasts().messages.len() as u64 / 2;
    while drill.load.ledger().entries().accepted < broadcast(drill) + backlog {
        drill.load.wait_for_answers(100).await;
    }
    drill.load.pause();
    drill.wait_until_persisted().await?;
    let waiting = drill.load.ledger().entries().accepted - broadcast(drill);
    ensure!(waiting > backlog / 2, "nothing waited for Pusher");
    drill.notes.push(format!("{waiting} messages waited for Pusher when all were persisted"));
    drill.deployment.pusher.behave().await
}
