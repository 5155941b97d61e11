//! One fault, from an empty system to the sum of what came of it.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use stack::{Console, Supervisor};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    audit::{Findings, Stored, audit},
    faults::Fault,
    load::LoadGenerator,
    plan::{Plan, Scale},
    row::Row,
    system::{Parts, System},
};

/// Answers before the first fault, and after each.
const WARM_UP: u64 = 40;

/// Answers that a fault lasts for where a drill is brief.
const BRIEF_ANSWERS: u64 = 40;

/// Time between two looks at whether everything is where it belongs.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// How a drill is carried out.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the system keeps everything, one directory a fault.
    pub directory: PathBuf,
    /// What the system is made of.
    pub parts: Parts,
    /// What the random choices are made from.
    pub seed: u64,
    /// How large it is.
    pub scale: Scale,
    /// Ends it early when it is cancelled.
    pub stop: CancellationToken,
}

/// A system under load that something is about to happen to.
#[derive(Debug)]
pub struct Drill {
    /// How large the drill is.
    pub scale: Scale,
    /// What choices are made from.
    pub random: fastrand::Rng,
    /// The system.
    pub system: System,
    /// Who sends.
    pub load: LoadGenerator,
    /// Dead letters that there must be in the end: the persister's, and the broadcaster's.
    pub expected_dead: [u64; 2],
    /// What is worth telling beside the numbers.
    pub notes: Vec<String>,
}

/// Inflicts `faults`, one after the other, on a system of their own, and says what came of it. All of
/// them must have the same plan.
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
        Err(error) => row.failed(&format!("{error:#}")),
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
    let system = match System::start(supervisor, &options.parts, &plan).await {
        Ok(system) => system,
        Err(error) => return row.failed(&format!("the system did not start: {error:#}")),
    };
    match system.versions().await {
        Ok(versions) => row.servers = versions,
        Err(error) => return row.failed(&format!("{error:#}")),
    }
    // The same seed makes the same choices, whichever other faults are drilled.
    let seed = row
        .faults
        .bytes()
        .fold(options.seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut random = fastrand::Rng::with_seed(seed);
    let load = match LoadGenerator::open(plan.load, &system.gateway_addresses(), &mut random) {
        Ok(load) => load,
        Err(error) => return row.failed(&format!("{error:#}")),
    };
    let mut drill = Drill {
        scale: options.scale,
        random,
        system,
        load,
        expected_dead: [0, 0],
        notes: Vec::new(),
    };
    let carried_out = drill.carry_out(faults, &plan, &mut row).await;
    row.notes.append(&mut drill.notes);
    match carried_out {
        Ok(()) => row,
        Err(error) => row.failed(&format!("{error:#}")),
    }
}

impl Drill {
    async fn carry_out(
        &mut self,
        faults: &[Fault],
        plan: &Plan,
        row: &mut Row,
    ) -> anyhow::Result<()> {
        let inflicted = self.inflict(faults).await;
        let over = Instant::now();
        let closed = match &inflicted {
            Ok(()) => self.load.close(plan.patience).await,
            Err(_) => Ok(()),
        };
        row.count_answers(&self.load.ledger().entries());
        inflicted?;
        let findings = self.quiet(plan.patience).await?;
        if findings.is_complete() {
            row.caught_up = Some(over.elapsed());
        }
        row.count_findings(&findings);
        // What is done is acknowledged a moment later.
        self.until("the queues are empty", async |drill| {
            drill.system.waiting().await.is_ok_and(|waiting| waiting == [0, 0])
        })
        .await?;
        row.count_dead(self.system.dead_letters().await?, self.expected_dead);
        closed
    }

    /// Inflicts the faults in the middle of all else that goes on.
    async fn inflict(&mut self, faults: &[Fault]) -> anyhow::Result<()> {
        self.load.answered(WARM_UP).await;
        for fault in faults {
            (fault.inflict)(self).await.context(fault.name)?;
            self.load.resume();
            self.load.answered(WARM_UP).await;
        }
        Ok(())
    }

    /// Waits until everything accepted is persisted and broadcast, or the time is over.
    async fn quiet(&self, patience: Duration) -> anyhow::Result<Findings> {
        let deadline = Instant::now() + patience;
        loop {
            let in_time = Instant::now() < deadline;
            // To look at all of a million rows again and again would be a fault of its own.
            if !in_time || self.may_be_complete().await.unwrap_or(false) {
                let findings = self.look().await;
                if !in_time || findings.as_ref().is_ok_and(Findings::is_complete) {
                    return findings;
                }
            }
            sleep(LOOK_INTERVAL).await;
        }
    }

    /// Whether there are as many rows as there must be.
    async fn may_be_complete(&self) -> anyhow::Result<bool> {
        let rows = self.system.rows().await?;
        Ok(rows >= self.load.ledger().entries().accepted)
    }

    /// What became of all that was sent, as it stands now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn look(&self) -> anyhow::Result<Findings> {
        let database = self.system.database().await?;
        let stored = Stored::read(&database).await?;
        Ok(audit(&self.load.ledger().entries(), &stored, &self.system.pusher.heard()))
    }

    /// Lets things go on for so long; in a brief drill, until so much was sent.
    pub async fn run_for(&self, seconds: u64) {
        match self.scale {
            Scale::Full => sleep(Duration::from_secs(seconds)).await,
            Scale::Brief => self.load.answered(BRIEF_ANSWERS).await,
        }
    }

    /// Lets things go on for a while, nobody knows how long.
    pub async fn pause(&mut self) {
        let answers = self.random.u64(5..self.scale.pick(400, 40));
        self.load.answered(answers).await;
    }

    /// Waits until `met` says so.
    ///
    /// # Errors
    /// When it does not for two minutes.
    pub async fn until(&self, what: &str, met: impl AsyncFn(&Self) -> bool) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(120);
        while !met(self).await {
            ensure!(Instant::now() < deadline, "{what}: not within two minutes");
            sleep(LOOK_INTERVAL).await;
        }
        Ok(())
    }

    /// Waits until everything that is accepted by now is persisted, whatever is broadcast.
    ///
    /// # Errors
    /// When it does not happen, although nothing keeps it from happening.
    pub async fn all_persisted(&self) -> anyhow::Result<()> {
        let accepted: Vec<_> = {
            let entries = self.load.ledger().entries();
            entries.requests.iter().filter(|(_, it)| it.accepted).map(|(id, _)| *id).collect()
        };
        self.until("what is accepted is persisted", async |drill| {
            drill.system.has_persisted(&accepted).await.unwrap_or(false)
        })
        .await
    }

    /// Waits until every message that is accepted by now is broadcast, whatever is persisted.
    ///
    /// # Errors
    /// When it does not happen, although nothing keeps it from happening.
    pub async fn all_broadcast(&self) -> anyhow::Result<()> {
        let accepted: Vec<_> = {
            let entries = self.load.ledger().entries();
            let messages =
                entries.requests.iter().filter(|(_, it)| it.accepted && it.action.is_message());
            messages
                .map(|(id, entry)| (*id, crate::pusher::player_channel(&entry.player)))
                .collect()
        };
        self.until("what is accepted is broadcast", async |drill| {
            let heard = drill.system.pusher.heard();
            accepted.iter().all(|broadcast| heard.messages.contains_key(broadcast))
        })
        .await
    }

    /// Sends nothing new, and waits until everything is where it belongs.
    ///
    /// # Errors
    /// When that takes more than two minutes.
    pub async fn calm(&self) -> anyhow::Result<()> {
        self.load.pause();
        self.until("everything is where it belongs", async |drill| {
            let sent = drill.load.ledger().entries().requests.len() as u64;
            let accepted = drill.load.ledger().entries().accepted;
            accepted == sent && drill.look().await.is_ok_and(|findings| findings.is_complete())
        })
        .await
    }
}
