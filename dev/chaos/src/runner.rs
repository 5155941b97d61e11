//! Runs a drill: starts a system, inflicts the faults, and audits the result.

use std::{path::PathBuf, time::Instant};

use anyhow::Context;
use stack::{Console, Supervisor};
use tokio_util::sync::CancellationToken;

use crate::{
    deployment::{Deployment, Parts},
    drill::Drill,
    fault::Fault,
    load::LoadGenerator,
    plan::{Plan, Scale},
    row::Row,
};

/// Answers before the first fault, and after each.
const WARM_UP: u64 = 40;

/// The options of a drill.
#[derive(Clone, Debug)]
pub struct Options {
    /// Parent of the systems' directories, one for each drill.
    pub directory: PathBuf,
    /// The programs of the system.
    pub parts: Parts,
    /// The seed of random choices.
    pub seed: u64,
    /// The size of the drills.
    pub scale: Scale,
    /// Ends the drill early when it is cancelled.
    pub stop: CancellationToken,
}

/// Inflicts `faults` one after the other on a new system, and returns the result. All of them must
/// have the same plan.
pub async fn run(faults: &[Fault], options: &Options) -> Row {
    let name = faults.iter().map(|fault| fault.name).collect::<Vec<_>>().join(", ");
    let directory = options.directory.join(name.replace(", ", "-"));
    let row = Row::new(name);
    match Supervisor::take(&directory, Console::Silent).await {
        Ok(supervisor) => {
            let row = tokio::select! {
                row = run_under(&supervisor, faults, options, row.clone()) => row,
                () = options.stop.cancelled() => row.failed("interrupted"),
            };
            supervisor.stop().await;
            row
        }
        Err(error) => row.failed(&error.to_string()),
    }
}

async fn run_under(
    supervisor: &Supervisor,
    faults: &[Fault],
    options: &Options,
    mut row: Row,
) -> Row {
    let Some(first) = faults.first() else { return row };
    let plan = (first.plan)(options.scale);
    let deployment = match Deployment::start(supervisor, &options.parts, &plan).await {
        Ok(deployment) => deployment,
        Err(error) => return row.failed(&format!("the system did not start: {error:#}")),
    };
    match deployment.versions().await {
        Ok(versions) => row.servers = versions,
        Err(error) => return row.failed(&format!("{error:#}")),
    }
    // A drill makes the same choices from a seed, whichever other drills run.
    let seed = row
        .faults
        .bytes()
        .fold(options.seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut random = fastrand::Rng::with_seed(seed);
    let load = match LoadGenerator::start(plan.load, &deployment.gateway_addresses(), &mut random) {
        Ok(load) => load,
        Err(error) => return row.failed(&format!("{error:#}")),
    };
    let mut drill = Drill {
        scale: options.scale,
        random,
        deployment,
        load,
        expected_dead: [0, 0],
        notes: Vec::new(),
        tolerates_loss: false,
    };
    let result = inflict_and_audit(&mut drill, faults, &plan, &mut row).await;
    row.notes.append(&mut drill.notes);
    match result {
        Ok(()) => row,
        Err(error) => row.failed(&format!("{error:#}")),
    }
}

async fn inflict_and_audit(
    drill: &mut Drill,
    faults: &[Fault],
    plan: &Plan,
    row: &mut Row,
) -> anyhow::Result<()> {
    let inflicted = inflict(drill, faults).await;
    let over = Instant::now();
    let closed = match &inflicted {
        Ok(()) => drill.load.close(plan.recovery_limit).await,
        Err(_) => Ok(()),
    };
    row.count_answers(&drill.load.ledger().entries(), drill.scale);
    inflicted?;
    let findings = drill.wait_until_complete(plan.recovery_limit).await?;
    if findings.is_complete() || drill.tolerates_loss {
        row.caught_up = Some(over.elapsed());
    }
    row.count_findings(&findings, drill.tolerates_loss);
    // Acknowledgements follow the writes and the calls.
    drill.wait_until_the_queues_are_empty().await?;
    row.count_dead(drill.deployment.dead_letters().await?, drill.expected_dead);
    closed
}

/// Inflicts the faults under load.
async fn inflict(drill: &mut Drill, faults: &[Fault]) -> anyhow::Result<()> {
    drill.load.wait_for_answers(WARM_UP).await;
    for fault in faults {
        (fault.inflict)(drill).await.context(fault.name)?;
        drill.load.resume();
        drill.load.wait_for_answers(WARM_UP).await;
    }
    Ok(())
}
