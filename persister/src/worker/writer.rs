//! Writes events to the database, and decides what to do about those that it does not accept.

use std::time::Duration;

use chat::event::Event;
use database::{DatabaseSettings, connect_to_write};
use diesel_async::AsyncPgConnection;
use service::{Outage, backoff};
use tokio::time::{Instant, timeout_at};

use super::part::Part;
use crate::{
    metrics::Metrics,
    staff_facts::RepliesClaim,
    store::{self, Attempt, Locks, Outcome, StoreError},
};

/// Waits between the attempts at an event that fails alone while the database accepts others. When
/// the attempt after the last wait fails, the event is set aside.
const RETRY_WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// How long a successful write proves that the database accepts events, until the next attempt begins.
const MAX_PROOF_AGE: Duration = Duration::from_secs(5);

const NO_ANSWER: &str = "PostgreSQL does not answer";

/// Writes events over one connection to the database.
pub(super) struct Writer {
    settings: DatabaseSettings,
    replies_claim: RepliesClaim,
    metrics: Metrics,
    connection: Option<AsyncPgConnection>,
    outage: Outage,
    /// `Skip` from a failure on until no event is held back.
    locks: Locks,
    /// When the database last accepted a message.
    message_accepted_at: Option<Instant>,
    /// When the database last accepted a canary.
    canary_accepted_at: Option<Instant>,
    /// When the last attempt at events began. A slow attempt must not outlast its proof.
    attempted_at: Instant,
}

/// Why an attempt at events failed.
pub(super) enum Failure {
    /// The database could not be connected to.
    Unreachable(String),
    /// The transaction failed.
    Store(StoreError),
}

/// What to do about events that could not be written.
pub(super) enum Decision {
    /// Retry them.
    Retry,
    /// Split them into parts.
    Split,
    /// Retry them after all other parts, which may prove that the database accepts events.
    Defer,
    /// Hold the event back: another transaction has locked rows that it changes.
    HoldBack,
    /// The event can never be written, for this reason.
    SetAside(String),
}

impl Writer {
    pub fn new(
        settings: DatabaseSettings,
        replies_claim: RepliesClaim,
        metrics: Metrics,
        outage: Outage,
    ) -> Self {
        Self {
            settings,
            replies_claim,
            metrics,
            connection: None,
            outage,
            locks: Locks::Wait,
            message_accepted_at: None,
            canary_accepted_at: None,
            attempted_at: Instant::now(),
        }
    }

    /// Whether there is a connection to the database.
    pub fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    /// Sets whether further writes wait for locked conversations. While events are held back, they skip
    /// them.
    pub fn set_lock_mode(&mut self, are_events_held_back: bool) {
        self.locks = if are_events_held_back { Locks::Skip } else { Locks::Wait };
    }

    /// Probes the database, and drops the connection if it does not answer.
    pub async fn probe(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let limit = self.settings.database_timeout;
        let probed = database::probe_server(&mut connection, &self.settings);
        match tokio::time::timeout(limit, probed).await {
            Ok(Ok(())) => self.connection = Some(connection),
            Ok(Err(error)) => self.outage.failed(&error),
            Err(_) => self.outage.failed(&NO_ANSWER),
        }
    }

    /// Waits until the database is connected. The caller consumes nothing before.
    pub async fn connect_with_retry(&mut self) {
        let mut waits = backoff::waits();
        while self.connection.is_none() {
            match connect_to_write(&self.settings).await {
                Ok(connection) => self.connection = Some(connection),
                Err(error) => {
                    self.outage.failed(&error);
                    tokio::time::sleep(waits.next().unwrap_or_default()).await;
                }
            }
        }
        self.outage.succeeded();
    }

    /// Writes the events in one transaction.
    pub async fn write(&mut self, events: &[Event]) -> Result<Outcome, Failure> {
        if events.is_empty() {
            return Ok(Outcome::default());
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => match connect_to_write(&self.settings).await {
                Ok(connection) => connection,
                Err(error) => {
                    self.metrics.database_failures.inc();
                    return Err(Failure::Unreachable(error.to_string()));
                }
            },
        };
        let attempt = Attempt::new(self.locks).with_replies(self.replies_claim);
        self.attempted_at = Instant::now();
        // `None` when PostgreSQL does not answer.
        let written = {
            let mut writing = std::pin::pin!(store::persist(&mut connection, events, &attempt));
            // PostgreSQL cancels a slow statement itself; this limit is for a server that does not
            // answer.
            let limit = self.settings.database_timeout * 2;
            let mut steps = 0;
            loop {
                match tokio::time::timeout(limit, &mut writing).await {
                    Ok(written) => break Some(written),
                    Err(_) if attempt.steps() > steps => steps = attempt.steps(),
                    Err(_) => break None,
                }
            }
        };
        let Some(written) = written else {
            self.abandon(connection);
            return Err(Failure::Store(StoreError::Unavailable(NO_ANSWER.to_owned())));
        };
        if !matches!(written, Err(StoreError::Unavailable(_))) {
            self.connection = Some(connection);
        }
        let outcome = written.map_err(Failure::Store)?;
        self.outage.succeeded();
        if !outcome.persisted.is_empty() {
            self.message_accepted_at = Some(Instant::now());
        }
        Ok(outcome)
    }

    /// Waits while the database is down, and decides what to do then with `events` that could not be
    /// written. The criterion is whether the database accepts other events, and not the error's code.
    /// While it accepts none, there is an outage. While it accepts others, `events` are the cause, and
    /// an event that repeatedly fails alone is set aside.
    pub async fn recover(
        &mut self,
        failure: Failure,
        part: &mut Part,
        events: &[Event],
    ) -> Decision {
        let cause = match failure {
            Failure::Store(StoreError::Refused(reason)) => {
                return self.recover_from_refusal(reason, part, events).await;
            }
            Failure::Store(StoreError::Unavailable(cause)) => cause,
            Failure::Unreachable(cause) => {
                self.wait_for_database(&cause, part).await;
                return Decision::Retry;
            }
        };
        let is_alone = part.indices.len() <= 1;
        self.metrics.database_failures.inc();
        if let Err(outage) = self.prove_database().await {
            self.wait_for_database(&format!("{cause}; then: {outage}"), part).await;
            return Decision::Retry;
        }
        // The cause may be another transaction's lock.
        let locks = std::mem::replace(&mut self.locks, Locks::Skip);
        if !is_alone {
            return Decision::Split;
        }
        if locks == Locks::Wait {
            return Decision::Retry;
        }
        if cause.contains("lock timeout") {
            return Decision::HoldBack;
        }
        part.failures += 1;
        match RETRY_WAITS.get(part.failures - 1) {
            Some(wait) => {
                tokio::time::sleep(*wait).await;
                Decision::Retry
            }
            None => Decision::SetAside(cause),
        }
    }

    /// Like [`Self::recover`], for events that violate a constraint. An event is set aside if it is refused once
    /// more after the database has accepted another one: otherwise the constraint may have refused
    /// every event, and be gone by now.
    async fn recover_from_refusal(
        &mut self,
        reason: String,
        part: &mut Part,
        events: &[Event],
    ) -> Decision {
        if part.indices.len() > 1 {
            return Decision::Split;
        }
        // A message that was written proves nothing about other kinds of events.
        let is_message = matches!(events, [Event::Message(_)]);
        let proven_at = if is_message {
            self.message_accepted_at.max(self.canary_accepted_at)
        } else {
            self.canary_accepted_at
        };
        let age = |at| self.attempted_at.saturating_duration_since(at);
        let is_proven = proven_at.is_some_and(|at| age(at) < MAX_PROOF_AGE);
        if is_proven && part.refused_at.is_some() && proven_at > part.refused_at {
            return Decision::SetAside(reason);
        }
        let is_first_refusal = part.refused_at.replace(Instant::now()).is_none();
        if is_message && is_first_refusal {
            return Decision::Defer;
        }
        if let Err(outage) = self.prove_database().await {
            self.metrics.database_failures.inc();
            self.wait_for_database(&format!("{reason}; then: {outage}"), part).await;
        }
        Decision::Retry
    }

    /// Closes a connection whose statement did not end in time. PostgreSQL is told to cancel the
    /// statement: a commit that waits for a standby would wait on without its client, and each attempt
    /// would leave another one. The events are not acknowledged, so that a cancelled commit confirms
    /// nothing.
    fn abandon(&self, connection: AsyncPgConnection) {
        let (token, settings) = (connection.cancel_token(), self.settings.clone());
        tokio::spawn(async move {
            if let Err(error) = database::cancel(token, &settings).await {
                tracing::debug!(cause = %error, "an abandoned statement cannot be cancelled");
            }
            // A pooler passes on what it is told about a connection that is open.
            drop(connection);
        });
    }

    async fn wait_for_database(&mut self, cause: &str, part: &mut Part) {
        self.outage.failed(&cause);
        part.failures = 0;
        tokio::time::sleep(part.waits.next().unwrap_or_default()).await;
    }

    /// Writes a canary over a new connection, and ends the outage if the database accepts it.
    async fn prove_database(&mut self) -> Result<(), String> {
        self.connection = None;
        let deadline = Instant::now() + self.settings.database_timeout;
        let connected = timeout_at(deadline, connect_to_write(&self.settings)).await;
        let connected = connected.map_err(|_| NO_ANSWER.to_owned())?;
        let mut connection = connected.map_err(|error| error.to_string())?;
        let Ok(proven) = timeout_at(deadline, store::prove_writable(&mut connection)).await else {
            self.abandon(connection);
            return Err(NO_ANSWER.to_owned());
        };
        proven.map_err(|error| error.to_string())?;
        self.connection = Some(connection);
        self.canary_accepted_at = Some(Instant::now());
        self.outage.succeeded();
        Ok(())
    }
}
