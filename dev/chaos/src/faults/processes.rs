//! Services die, or are restarted.

use std::time::Instant;

use anyhow::ensure;
use futures_util::FutureExt;
use nix::sys::signal::Signal;
use stack::Running;

use super::{Fault, Group};
use crate::{
    drill::Drill,
    plan::{Plan, Scale},
    system::System,
};

/// How often one is killed.
fn times(scale: Scale) -> usize {
    scale.pick(12, 2)
}

pub(super) fn faults() -> Vec<Fault> {
    let fault = |name, what, inflict| Fault {
        name,
        group: Group::Processes,
        what,
        plan: Plan::usual,
        inflict,
    };
    vec![
        fault("gateway-killed", "kill -9 of a gateway, again and again", |drill| {
            kill_again_and_again(drill, |system| &system.gateways).boxed_local()
        }),
        fault("persister-killed", "kill -9 of a persister, again and again", |drill| {
            kill_again_and_again(drill, |system| &system.persisters).boxed_local()
        }),
        fault("broadcaster-killed", "kill -9 of a broadcaster, again and again", |drill| {
            kill_again_and_again(drill, |system| &system.broadcasters).boxed_local()
        }),
        fault("all-killed", "kill -9 of every service at once, again and again", |drill| {
            kill_all_at_once(drill).boxed_local()
        }),
        fault("rolling-restart", "SIGTERM to one service after the other", |drill| {
            restart_one_after_the_other(drill).boxed_local()
        }),
    ]
}

async fn kill_again_and_again(
    drill: &mut Drill,
    which: fn(&System) -> &[Running],
) -> anyhow::Result<()> {
    for _ in 0..times(drill.scale) {
        drill.pause().await;
        let instances = which(&drill.system);
        let chosen = drill.random.choice(0..instances.len()).and_then(|it| instances.get(it));
        if let Some(victim) = chosen {
            let killed = victim.process.identity();
            victim.process.signal(Signal::SIGKILL);
            victim.process.replaced(killed).await;
        }
    }
    for instance in which(&drill.system) {
        instance.ready().await?;
    }
    Ok(())
}

async fn kill_all_at_once(drill: &mut Drill) -> anyhow::Result<()> {
    for _ in 0..drill.scale.pick(4, 1) {
        drill.pause().await;
        for victim in drill.system.services() {
            victim.process.signal(Signal::SIGKILL);
        }
        for victim in drill.system.services() {
            victim.ready().await?;
        }
    }
    Ok(())
}

/// Has it end in order, and waits until it is back and ready.
pub(super) async fn restart(service: &Running) -> anyhow::Result<()> {
    let stopped = service.process.identity();
    service.process.signal(Signal::SIGTERM);
    service.process.replaced(stopped).await;
    service.ready().await
}

/// As an orchestrator does it: the next one when the one before is ready again.
async fn restart_one_after_the_other(drill: &mut Drill) -> anyhow::Result<()> {
    let began = Instant::now();
    let before = drill.load.ledger().entries().clone();
    for victim in drill.system.services() {
        restart(victim).await?;
        drill.load.answered(20).await;
    }
    let restart = began.elapsed();
    let after = drill.load.ledger().entries().clone();
    let broken = after.unanswered - before.unanswered;
    let failed = after.unreachable - before.unreachable;
    ensure!(broken + failed == 0, "{broken} calls broke off and {failed} found no gateway");
    let latest = drill.system.longest_way_to_the_database().await?;
    drill.notes.push(format!("persisted {latest:.1?} after it was accepted at the latest"));
    ensure!(latest < restart, "a message was persisted {latest:?} after it was accepted");
    Ok(())
}
