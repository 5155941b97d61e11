//! The load exceeds the capacity.

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use nix::sys::signal::Signal;

use crate::{
    drill::Drill,
    fault::Fault,
    load::Load,
    memory::ensure_memory_limits,
    plan::{Plan, Scale},
};

/// Upper bound of the duration.
const TIME_LIMIT: Duration = Duration::from_secs(600);

pub(super) fn faults() -> Vec<Fault> {
    vec![Fault {
        name: "back-pressure",
        description: "clients send as fast as they can for 10 minutes or a million messages, then a queue fills up",
        plan: with_unlimited_load,
        inflict: |drill| overload(drill).boxed_local(),
    }]
}

fn with_unlimited_load(scale: Scale) -> Plan {
    let load =
        Load { clients: scale.pick(256, 64), per_second: None, players: scale.pick(5_000, 100) };
    let plan = Plan { load, recovery_limit: Duration::from_secs(1_800), ..Plan::usual(scale) };
    plan.services("QUEUE_MAX_BYTES", scale.pick(64 * 1024 * 1024, 100_000))
}

async fn overload(drill: &mut Drill) -> anyhow::Result<()> {
    let messages = drill.scale.pick(1_000_000, 500);
    let began = Instant::now();
    while began.elapsed() < TIME_LIMIT && drill.load.ledger().entries().accepted < messages {
        drill.load.wait_for_answers(100).await;
    }
    let entries = drill.load.ledger().entries().clone();
    let rows = drill.deployment.rows().await?;
    let rate = entries.accepted as f64 / began.elapsed().as_secs_f64();
    drill.notes.push(format!("{rate:.0} accepted a second"));
    drill
        .notes
        .push(format!("{} of them were not yet persisted", entries.accepted.saturating_sub(rows)));
    fill(drill).await;
    ensure_memory_limits(drill)
}

/// Suspends the persisters until their queue is full, so that sends are refused even when the
/// persisters are fast.
async fn fill(drill: &Drill) {
    let signal = |signal| {
        drill.deployment.persisters.iter().for_each(|persister| persister.process.signal(signal))
    };
    signal(Signal::SIGSTOP);
    while drill.load.ledger().entries().refused == 0 {
        drill.load.wait_for_answers(1).await;
    }
    signal(Signal::SIGCONT);
}
