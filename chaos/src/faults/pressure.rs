//! More comes than can be dealt with.

use std::time::{Duration, Instant};

use anyhow::ensure;
use futures_util::FutureExt;

use super::{Fault, Group};
use crate::{
    drill::Drill,
    memory::peak_mebibytes,
    plan::{Plan, Scale},
    portal::Load,
};

/// What no service may need more than, in mebibytes.
const MEMORY_LIMIT: u64 = 512;

pub(super) fn faults() -> Vec<Fault> {
    vec![Fault {
        name: "back-pressure",
        group: Group::Pressure,
        what: "senders are faster than the workers for 10 minutes or a million messages",
        plan: with_eager_senders,
        inflict: |drill| overrun(drill).boxed_local(),
    }]
}

fn with_eager_senders(scale: Scale) -> Plan {
    let load =
        Load { clients: scale.pick(256, 64), per_second: None, players: scale.pick(5_000, 100) };
    let plan = Plan { load, patience: Duration::from_secs(1_800), ..Plan::usual(scale) };
    plan.services("QUEUE_MAX_BYTES", scale.pick(128 * 1024 * 1024, 100_000))
}

async fn overrun(drill: &mut Drill) -> anyhow::Result<()> {
    let (messages, time) =
        drill.scale.pick((1_000_000, Duration::from_secs(600)), (2_000, Duration::from_secs(600)));
    let began = Instant::now();
    while drill.portal.book().pages().accepted < messages && began.elapsed() < time {
        drill.portal.answered(100).await;
    }
    for service in drill.system.services().chain([]) {
        let peak = peak_mebibytes(service.process.identity().pid())?;
        drill.notes.push(format!("{} at most {peak} MiB", service.process.name()));
        ensure!(peak <= MEMORY_LIMIT, "{} needed {peak} MiB", service.process.name());
    }
    let refused = drill.portal.book().pages().refused;
    ensure!(refused > 0, "no queue was ever full");
    Ok(())
}
