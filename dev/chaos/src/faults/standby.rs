//! The database fails over to its standby. Messages must be accepted and broadcast meanwhile, and
//! persisted by the promoted server afterwards.

use std::time::Instant;

use anyhow::ensure;
use futures_util::FutureExt;
use nix::sys::signal::Signal;

use crate::{
    drill::Drill,
    fault::Fault,
    plan::{Plan, Replication, Scale},
};

pub(super) fn faults() -> Vec<Fault> {
    vec![
        Fault {
            name: "standby-promoted",
            description: "kill -9 of PostgreSQL for good; its synchronous standby is promoted",
            plan: synchronous,
            inflict: |drill| promoted(drill).boxed_local(),
        },
        Fault {
            name: "standby-primary-hung",
            description: "PostgreSQL hangs for good; its synchronous standby is promoted",
            plan: synchronous,
            inflict: |drill| primary_hung(drill).boxed_local(),
        },
        Fault {
            name: "standby-away",
            description: "the synchronous standby is away for 30 s, so that no commit is confirmed",
            plan: synchronous,
            inflict: |drill| away(drill).boxed_local(),
        },
        Fault {
            name: "standby-switchover",
            description: "PostgreSQL is stopped for good; its asynchronous standby is promoted",
            plan: asynchronous,
            inflict: |drill| switchover(drill).boxed_local(),
        },
        Fault {
            name: "standby-behind",
            description: "kill -9 of PostgreSQL for good while its asynchronous standby is 10 s behind, \
                          which is promoted",
            plan: asynchronous,
            inflict: |drill| behind(drill).boxed_local(),
        },
    ]
}

fn synchronous(scale: Scale) -> Plan {
    Plan { standby: Some(Replication::Synchronous), ..Plan::usual(scale) }
}

fn asynchronous(scale: Scale) -> Plan {
    Plan { standby: Some(Replication::Asynchronous), ..Plan::usual(scale) }
}

async fn promoted(drill: &mut Drill) -> anyhow::Result<()> {
    kill_primary(drill);
    drill.run_for(10).await;
    drill.wait_until_broadcast().await?;
    promote(drill).await
}

async fn primary_hung(drill: &mut Drill) -> anyhow::Result<()> {
    drill.deployment.signal_postgres(Signal::SIGSTOP)?;
    drill.run_for(10).await;
    drill.wait_until_broadcast().await?;
    drill.deployment.standby()?.promote().await?;
    // The services get past the server that hangs.
    drill.run_for(20).await;
    drill.wait_until_broadcast().await?;
    drill.wait_until_persisting(drill.deployment.standby()?.url()).await?;
    kill_primary(drill);
    Ok(())
}

async fn away(drill: &mut Drill) -> anyhow::Result<()> {
    let standby = drill.deployment.standby()?.process().clone();
    standby.suspend_restart();
    standby.signal(Signal::SIGINT);
    drill.run_for(30).await;
    drill.wait_until_broadcast().await?;
    // One for each writer, and one that is being cancelled.
    let (waiting, limit) = (drill.deployment.sessions_waiting_for_a_standby().await?, 4);
    ensure!(waiting <= limit, "{waiting} sessions of PostgreSQL wait for the standby");
    standby.resume_restart();
    drill.deployment.standby()?.ready().await
}

async fn switchover(drill: &mut Drill) -> anyhow::Result<()> {
    // A fast shutdown waits until the standby has everything.
    drill.deployment.postgres.process().stop().await;
    promote(drill).await
}

async fn behind(drill: &mut Drill) -> anyhow::Result<()> {
    let standby = drill.deployment.standby()?.process().clone();
    standby.suspend_restart();
    standby.signal(Signal::SIGINT);
    drill.run_for(10).await;
    drill.wait_until_persisted().await?;
    kill_primary(drill);
    drill.tolerates_loss = true;
    standby.resume_restart();
    drill.deployment.standby()?.ready().await?;
    promote(drill).await
}

/// Kills PostgreSQL, which is not started again.
fn kill_primary(drill: &Drill) {
    let postgres = drill.deployment.postgres.process();
    postgres.suspend_restart();
    postgres.signal(Signal::SIGKILL);
}

/// Promotes the standby, and waits until the services write to it.
async fn promote(drill: &mut Drill) -> anyhow::Result<()> {
    let standby = drill.deployment.standby()?;
    standby.promote().await?;
    let promoted_at = Instant::now();
    drill.wait_until_persisting(standby.url()).await?;
    let seconds = promoted_at.elapsed().as_secs_f64();
    drill.notes.push(format!("persisted again {seconds:.1} s after the promotion"));
    Ok(())
}
