//! Services are killed or restarted.

use std::time::Instant;

use anyhow::ensure;
use futures_util::FutureExt;
use nix::sys::signal::Signal;
use stack::Running;

use crate::{
    deployment::Deployment,
    drill::Drill,
    fault::Fault,
    load::Entries,
    plan::{Plan, Scale},
};

/// The number of kills.
fn kills(scale: Scale) -> usize {
    scale.pick(12, 2)
}

pub(super) fn faults() -> Vec<Fault> {
    let fault =
        |name, description, inflict| Fault { name, description, plan: Plan::usual, inflict };
    vec![
        fault("gateway-killed", "kill -9 of a gateway, again and again", |drill| {
            kill_repeatedly(drill, |deployment| &deployment.gateways).boxed_local()
        }),
        fault("persister-killed", "kill -9 of a persister, again and again", |drill| {
            kill_repeatedly(drill, |deployment| &deployment.persisters).boxed_local()
        }),
        fault("broadcaster-killed", "kill -9 of a broadcaster, again and again", |drill| {
            kill_repeatedly(drill, |deployment| &deployment.broadcasters).boxed_local()
        }),
        fault("all-killed", "kill -9 of every service at once, again and again", |drill| {
            kill_all_at_once(drill).boxed_local()
        }),
        fault("scaled", "all but one instance of each service stop, and start again", |drill| {
            scale_down_and_up(drill).boxed_local()
        }),
        fault("rolling-restart", "SIGTERM to one service after the other, under load", |drill| {
            restart_one_after_the_other(drill).boxed_local()
        }),
    ]
}

async fn kill_repeatedly(
    drill: &mut Drill,
    which: fn(&Deployment) -> &[Running],
) -> anyhow::Result<()> {
    for _ in 0..kills(drill.scale) {
        drill.pause().await;
        let instances = which(&drill.deployment);
        let chosen = drill.random.choice(0..instances.len()).and_then(|index| instances.get(index));
        if let Some(victim) = chosen {
            let killed = victim.process.identity();
            victim.process.signal(Signal::SIGKILL);
            victim.process.replaced(killed).await;
        }
    }
    for instance in which(&drill.deployment) {
        instance.ready().await?;
    }
    Ok(())
}

async fn kill_all_at_once(drill: &mut Drill) -> anyhow::Result<()> {
    for _ in 0..drill.scale.pick(4, 1) {
        drill.pause().await;
        for victim in drill.deployment.services() {
            victim.process.signal(Signal::SIGKILL);
        }
        for victim in drill.deployment.services() {
            victim.ready().await?;
        }
    }
    Ok(())
}

/// Stops a service in order, and waits until it is ready again.
pub(super) async fn restart(service: &Running) -> anyhow::Result<()> {
    let stopped = service.process.identity();
    service.process.signal(Signal::SIGTERM);
    service.process.replaced(stopped).await;
    service.ready().await
}

/// One instance of each service remains for a while, under a load that it can carry.
async fn scale_down_and_up(drill: &mut Drill) -> anyhow::Result<()> {
    let before = drill.load.ledger().entries().clone();
    for _ in 0..drill.scale.pick(2, 1) {
        for service in surplus(&drill.deployment) {
            let running = service.process.identity();
            service.process.suspend_restart();
            service.process.signal(Signal::SIGTERM);
            drill
                .wait_until("the instance has ended", async |_: &Drill| !running.is_alive())
                .await?;
        }
        drill.run_for(20).await;
        for service in surplus(&drill.deployment) {
            service.process.resume_restart();
            service.ready().await?;
            drill.load.wait_for_answers(20).await;
        }
        drill.run_for(20).await;
    }
    ensure_unbroken(drill, &before)
}

/// All instances but the first of each service.
fn surplus(deployment: &Deployment) -> impl Iterator<Item = &Running> {
    let instances = [&deployment.gateways, &deployment.persisters, &deployment.broadcasters];
    instances.into_iter().flat_map(|instances| instances.iter().skip(1))
}

/// Fails when a call since `before` got no answer or reached no gateway.
fn ensure_unbroken(drill: &Drill, before: &Entries) -> anyhow::Result<()> {
    let after = drill.load.ledger().entries();
    let broken = after.unanswered - before.unanswered;
    let failed = after.unreachable - before.unreachable;
    ensure!(broken + failed == 0, "{broken} calls got no answer and {failed} reached no gateway");
    Ok(())
}

/// As an orchestrator does: the next service once the last one is ready again.
async fn restart_one_after_the_other(drill: &mut Drill) -> anyhow::Result<()> {
    let began = Instant::now();
    let before = drill.load.ledger().entries().clone();
    for victim in drill.deployment.services() {
        restart(victim).await?;
        drill.load.wait_for_answers(20).await;
    }
    let restart = began.elapsed();
    ensure_unbroken(drill, &before)?;
    let latest = drill.deployment.longest_time_to_persist().await?;
    drill.notes.push(format!("persisted at most {latest:.1?} after it was accepted"));
    let violation = format!("a message was persisted {latest:?} after it was accepted");
    drill.ensure_in_time(latest >= restart, violation)
}
