//! More comes than can be dealt with.

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use nix::sys::signal::Signal;

use super::{Fault, Group};
use crate::{
    drill::Drill,
    load::Load,
    memory::ensure_memory_limits,
    plan::{Plan, Scale},
};

/// How long it lasts at most.
const TIME_LIMIT: Duration = Duration::from_secs(600);

pub(super) fn faults() -> Vec<Fault> {
    vec![Fault {
        name: "back-pressure",
        group: Group::Pressure,
        what: "as many senders as there can be for 10 minutes or a million messages, and a full queue",
        plan: with_eager_senders,
        inflict: |drill| overrun(drill).boxed_local(),
    }]
}

fn with_eager_senders(scale: Scale) -> Plan {
    let load =
        Load { clients: scale.pick(256, 64), per_second: None, players: scale.pick(5_000, 100) };
    let plan = Plan { load, patience: Duration::from_secs(1_800), ..Plan::usual(scale) };
    plan.services("QUEUE_MAX_BYTES", scale.pick(64 * 1024 * 1024, 100_000))
}

async fn overrun(drill: &mut Drill) -> anyhow::Result<()> {
    let messages = drill.scale.pick(1_000_000, 500);
    let began = Instant::now();
    while began.elapsed() < TIME_LIMIT && drill.load.ledger().entries().accepted < messages {
        drill.load.answered(100).await;
    }
    let entries = drill.load.ledger().entries().clone();
    let rows = drill.system.rows().await?;
    let rate = entries.accepted as f64 / began.elapsed().as_secs_f64();
    drill.notes.push(format!("{rate:.0} accepted a second"));
    drill.notes.push(format!("{} of them waited then", entries.accepted.saturating_sub(rows)));
    fill(drill).await;
    ensure_memory_limits(drill)
}

/// Halts the persisters until their queue is full, if it was not yet, so that it is seen what happens
/// then however fast they are.
async fn fill(drill: &Drill) {
    let signal = |signal| drill.system.persisters.iter().for_each(|it| it.process.signal(signal));
    signal(Signal::SIGSTOP);
    while drill.load.ledger().entries().refused == 0 {
        drill.load.answered(1).await;
    }
    signal(Signal::SIGCONT);
}
