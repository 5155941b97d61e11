//! A system under load, and what a fault can wait for.

use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::time::sleep;

use crate::{
    audit::{Findings, Stored, audit},
    deployment::Deployment,
    load::{LoadGenerator, WAIT_LIMIT},
    plan::Scale,
    pusher::player_channel,
};

/// Answers for which a fault lasts in a brief drill.
const BRIEF_ANSWERS: u64 = 40;

/// Time between two checks of a condition.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// A deployment under load, on which faults are inflicted.
#[derive(Debug)]
pub struct Drill {
    /// The size of the drill.
    pub scale: Scale,
    /// The source of random choices.
    pub random: fastrand::Rng,
    /// The system.
    pub deployment: Deployment,
    /// The clients.
    pub load: LoadGenerator,
    /// The dead letters that the faults cause: the persister's and the broadcaster's.
    pub expected_dead: [u64; 2],
    /// Remarks beside the numbers.
    pub notes: Vec<String>,
    /// Whether the fault loses what was persisted, so that a loss violates no guarantee.
    pub tolerates_loss: bool,
}

impl Drill {
    /// Waits until everything accepted is persisted and broadcast, or until the time is over.
    /// Returns the last audit.
    pub(crate) async fn wait_until_complete(&self, limit: Duration) -> anyhow::Result<Findings> {
        if self.tolerates_loss {
            self.wait_until_the_queues_are_empty().await?;
            return self.audit().await;
        }
        let deadline = Instant::now() + limit;
        loop {
            let in_time = Instant::now() < deadline;
            // Each audit reads all rows, a million of them in one drill: the count of rows comes
            // first.
            if !in_time || self.has_enough_rows().await.unwrap_or(false) {
                let findings = self.audit().await;
                if !in_time || findings.as_ref().is_ok_and(Findings::is_complete) {
                    return findings;
                }
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    async fn has_enough_rows(&self) -> anyhow::Result<bool> {
        let rows = self.deployment.rows().await?;
        Ok(rows >= self.load.ledger().entries().accepted)
    }

    /// Compares what was sent with what is persisted and broadcast now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn audit(&self) -> anyhow::Result<Findings> {
        let database = self.deployment.database().await?;
        let stored = Stored::read(&database).await?;
        Ok(audit(&self.load.ledger().entries(), &stored, &self.deployment.pusher.broadcasts()))
    }

    /// Keeps the load running for `seconds`; in a brief drill, for a number of answers.
    pub async fn run_for(&self, seconds: u64) {
        match self.scale {
            Scale::Full => sleep(Duration::from_secs(seconds)).await,
            Scale::Brief => self.load.wait_for_answers(BRIEF_ANSWERS).await,
        }
    }

    /// Keeps the load running for a random number of answers.
    pub async fn pause(&mut self) {
        let answers = self.random.u64(5..self.scale.pick(400, 40));
        self.load.wait_for_answers(answers).await;
    }

    /// Waits until `is_met` returns true.
    ///
    /// # Errors
    /// When it does not within two minutes.
    pub async fn wait_until(
        &self,
        condition: &str,
        is_met: impl AsyncFn(&Self) -> bool,
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + WAIT_LIMIT;
        while !is_met(self).await {
            ensure!(Instant::now() < deadline, "{condition}: not within two minutes");
            sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// Waits until everything accepted so far is persisted.
    ///
    /// # Errors
    /// When it is not within two minutes.
    pub async fn wait_until_persisted(&self) -> anyhow::Result<()> {
        let accepted: Vec<_> = {
            let entries = self.load.ledger().entries();
            let accepted = entries.requests.iter().filter(|(_, entry)| entry.accepted);
            accepted.map(|(id, _)| *id).collect()
        };
        self.wait_until("everything accepted is persisted", async |drill| {
            drill.deployment.has_persisted(&accepted).await.unwrap_or(false)
        })
        .await
    }

    /// Waits until the database at `url` has more rows than now.
    ///
    /// # Errors
    /// When it has not within two minutes.
    pub async fn wait_until_persisting(&self, url: &str) -> anyhow::Result<()> {
        let before = self.deployment.rows_at(url).await?;
        self.wait_until("the services write to the database", async |drill| {
            drill.deployment.rows_at(url).await.is_ok_and(|rows| rows > before)
        })
        .await
    }

    /// Waits until the workers have acknowledged everything.
    ///
    /// # Errors
    /// When they have not within two minutes.
    pub async fn wait_until_the_queues_are_empty(&self) -> anyhow::Result<()> {
        self.wait_until("the queues are empty", async |drill| {
            drill.deployment.waiting().await.is_ok_and(|waiting| waiting == [0, 0])
        })
        .await
    }

    /// Waits until every message accepted so far is broadcast to its player.
    ///
    /// # Errors
    /// When it is not within two minutes.
    pub async fn wait_until_broadcast(&self) -> anyhow::Result<()> {
        let accepted: Vec<_> = {
            let entries = self.load.ledger().entries();
            let accepted = entries.requests.iter().filter(|(_, entry)| entry.is_accepted_message());
            accepted.map(|(id, entry)| (*id, player_channel(&entry.player))).collect()
        };
        self.wait_until("every accepted message is broadcast", async |drill| {
            let broadcasts = drill.deployment.pusher.broadcasts();
            accepted.iter().all(|broadcast| broadcasts.messages.contains_key(broadcast))
        })
        .await
    }

    /// Pauses the load, and waits until everything sent is accepted, persisted and broadcast.
    ///
    /// # Errors
    /// When that takes more than two minutes.
    pub async fn pause_and_settle(&self) -> anyhow::Result<()> {
        self.load.pause();
        self.wait_until("everything sent is accepted, persisted and broadcast", async |drill| {
            let is_answered = {
                let entries = drill.load.ledger().entries();
                entries.accepted + entries.too_late == entries.requests.len() as u64
            };
            is_answered && drill.audit().await.is_ok_and(|findings| findings.is_complete())
        })
        .await
    }

    /// Fails when a time limit is `exceeded`. A brief drill shares its machine with other tests, so
    /// that it only notes the violation.
    ///
    /// # Errors
    /// The violation, at full scale.
    pub fn ensure_in_time(&mut self, exceeded: bool, violation: String) -> anyhow::Result<()> {
        if exceeded {
            ensure!(!self.scale.has_time_limits(), "{violation}");
            self.notes.push(violation);
        }
        Ok(())
    }
}
