//! Calls Pusher until it has accepted or rejected the events.

use std::sync::{Arc, Mutex, PoisonError};

use chat::{self, ReadState, Subject, event::Event};
use chrono::{DateTime, Utc};
use service::{Outage, backoff};
use tokio::time::Instant;
use traces::{Traces, WorkKind};

use crate::{
    events::{self, PusherEvent},
    evidence::Evidence,
    metrics::{CallOutcome, Metrics},
    pusher_client::{CallError, PusherClient},
};

/// One event to send to Pusher.
#[derive(Clone, Debug)]
pub struct Job {
    /// The event.
    pub event: PusherEvent,
    /// What it was made of: one event of the chat, or coalesced messages.
    pub origins: Vec<Origin>,
    /// When it was last rejected alone, while it is undecided whether Pusher did that.
    pub rejected_at: Option<Instant>,
    /// The state that it carries if it is `read-updated`.
    pub read_state: Option<Box<ReadState>>,
}

impl Job {
    /// Creates a job that was in no call.
    pub fn new(event: PusherEvent, origins: Vec<Origin>) -> Self {
        Self { event, origins, rejected_at: None, read_state: None }
    }
}

/// The event of the chat that an event for Pusher was made of.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The tag of its delivery.
    pub tag: u64,
    /// Its position in the delivery's body.
    pub position: usize,
    /// When a gateway accepted it; nothing if the persister published it.
    pub accepted_at: Option<DateTime<Utc>>,
    /// Its ids, for logs and traces.
    pub subject: Subject,
}

impl Origin {
    /// The origin for the event at `position` in the delivery `tag`.
    pub fn new(event: &Event, tag: u64, position: usize) -> Self {
        Self { tag, position, accepted_at: event.accepted_at(), subject: event.subject() }
    }
}

/// A job that Pusher rejected when it was sent alone.
#[derive(Debug)]
pub struct RejectedJob {
    /// The job.
    pub job: Job,
    /// Pusher's reason.
    pub reason: String,
}

/// The outcome of each job of a call.
#[derive(Debug, Default)]
pub struct CallResult {
    /// Jobs that Pusher accepted.
    pub accepted: Vec<Job>,
    /// Jobs that Pusher rejects.
    pub rejected: Vec<RejectedJob>,
    /// Jobs that were rejected while every call was. They must be sent again, after others.
    pub undecided: Vec<Job>,
}

/// Calls Pusher with retries. All partitions share its outage and its evidence.
#[derive(Clone, Debug)]
pub struct RetryingPusher {
    client: PusherClient,
    metrics: Metrics,
    traces: Traces,
    outage: Arc<Mutex<Outage>>,
    evidence: Arc<Evidence>,
}

/// Why and when a call was rejected.
#[derive(Debug)]
struct Rejection {
    reason: String,
    at: Instant,
    /// Whether the call had one job, which was rejected before, and Pusher had accepted another call since.
    is_final: bool,
}

impl RetryingPusher {
    /// Creates a client that reports failed and accepted calls to `outage`.
    pub fn new(client: PusherClient, metrics: Metrics, traces: Traces, outage: Outage) -> Self {
        let (outage, evidence) = (Arc::new(Mutex::new(outage)), Arc::default());
        Self { client, metrics, traces, outage, evidence }
    }

    /// Sends the jobs, as often as needed. If the call is rejected, each job is sent alone, so that an
    /// invalid event affects no other.
    ///
    /// **A rejection counts only if Pusher rejects the job again after it accepted another call**: another
    /// partition's or job's, or else a probe. Otherwise a proxy may have rejected every call, and have
    /// recovered since. If the probe fails, the jobs stay undecided, and this returns only after a growing
    /// wait.
    pub async fn deliver(&self, jobs: Vec<Job>) -> CallResult {
        let mut result = CallResult::default();
        let Err(rejection) = self.traced_call(&jobs).await else {
            result.accepted = jobs;
            return result;
        };
        let alone = match <[Job; 1]>::try_from(jobs) {
            Ok([job]) => vec![(job, rejection)],
            Err(jobs) => self.send_each_alone(jobs, &mut result).await,
        };
        self.decide_rejections(alone, &mut result).await;
        result
    }

    async fn send_each_alone(
        &self,
        jobs: Vec<Job>,
        result: &mut CallResult,
    ) -> Vec<(Job, Rejection)> {
        let mut alone = Vec::new();
        for job in jobs {
            match self.traced_call(std::slice::from_ref(&job)).await {
                Ok(()) => result.accepted.push(job),
                Err(rejection) => alone.push((job, rejection)),
            }
        }
        alone
    }

    /// Decides which of the jobs, each of which was rejected alone, Pusher rejects.
    async fn decide_rejections(&self, alone: Vec<(Job, Rejection)>, result: &mut CallResult) {
        let mut in_doubt = Vec::new();
        for (job, rejection) in alone {
            if rejection.is_final {
                result.rejected.push(RejectedJob { job, reason: rejection.reason });
            } else {
                in_doubt.push(Job { rejected_at: Some(rejection.at), ..job });
            }
        }
        if !in_doubt.iter().all(|job| self.has_accepted_since_rejecting(job)) && !self.probe().await
        {
            result.undecided = in_doubt;
            return;
        }
        for job in in_doubt {
            match self.traced_call(std::slice::from_ref(&job)).await {
                Ok(()) => result.accepted.push(job),
                Err(Rejection { reason, .. }) => result.rejected.push(RejectedJob { job, reason }),
            }
        }
    }

    fn has_accepted_since_rejecting(&self, job: &Job) -> bool {
        job.rejected_at.is_some_and(|at| self.evidence.accepted_since(at))
    }

    /// Whether Pusher accepts an event that it has no reason to reject. If it does not, that is an outage,
    /// and this returns only after a wait.
    async fn probe(&self) -> bool {
        let result = self.call_once(&[&events::probe()]).await;
        let (cause, retry_after) = match result {
            Ok(()) => {
                self.metrics.calls.of(CallOutcome::Taken).inc();
                return true;
            }
            Err(CallError::Rejected { status, excerpt }) => {
                (format!("everything is refused: {status}: {excerpt}"), None)
            }
            Err(CallError::Unavailable { cause, retry_after, .. }) => (cause, retry_after),
        };
        // A failed probe is an outage, whatever its status.
        self.metrics.calls.of(CallOutcome::Unavailable).inc();
        self.report(|outage| outage.failed(&cause));
        let wait = self.evidence.probe_failed().max(retry_after.unwrap_or_default());
        tokio::time::sleep(wait).await;
        false
    }

    /// Calls until Pusher accepts all of the jobs or rejects one, and traces it.
    async fn traced_call(&self, jobs: &[Job]) -> Result<(), Rejection> {
        let mut last = None;
        // The events of one message follow each other.
        let messages = jobs.iter().flat_map(|job| &job.origins).map(|origin| origin.subject);
        let messages = messages.filter(|subject| last.replace(*subject) != Some(*subject));
        let traced = self.traces.work(WorkKind::CallPusher, messages.filter_map(Subject::traced));
        let is_final = matches!(jobs, [job] if self.has_accepted_since_rejecting(job));
        let result = self.call_with_retry(jobs).await.map_err(|reason| Rejection {
            reason,
            at: Instant::now(),
            is_final,
        });
        if let Some(work) = traced {
            match &result {
                Ok(()) => work.done(),
                Err(rejection) => work.failed(rejection.reason.clone()),
            }
        }
        result
    }

    async fn call_with_retry(&self, jobs: &[Job]) -> Result<(), String> {
        let events: Vec<_> = jobs.iter().map(|job| &job.event).collect();
        let mut waits = backoff::waits();
        loop {
            let result = self.call_once(&events).await;
            let outcome = match &result {
                // Part of an outage until Pusher accepts a call again.
                Err(CallError::Rejected { .. }) if self.evidence.has_failed_probe() => {
                    CallOutcome::Unavailable
                }
                result => CallOutcome::from(result),
            };
            self.metrics.calls.of(outcome).inc();
            match result {
                Ok(()) => {
                    self.count(jobs);
                    return Ok(());
                }
                Err(error @ CallError::Rejected { .. }) => {
                    return Err(error.to_string());
                }
                Err(CallError::Unavailable { cause, retry_after, .. }) => {
                    self.report(|outage| outage.failed(&cause));
                    let wait = waits.next().unwrap_or_default();
                    tokio::time::sleep(wait.max(retry_after.unwrap_or_default())).await;
                }
            }
        }
    }

    async fn call_once(&self, events: &[&PusherEvent]) -> Result<(), CallError> {
        let began = Instant::now();
        let result = self.client.send(events).await;
        self.metrics.call_seconds.observe(began.elapsed().as_secs_f64());
        if result.is_ok() {
            self.evidence.accepted(began);
            self.report(Outage::succeeded);
        }
        result
    }

    fn count(&self, jobs: &[Job]) {
        self.metrics.broadcast.inc_by(jobs.len() as u64);
        self.metrics.call_events.observe(jobs.len() as f64);
        let now = chat::now();
        let origins = jobs.iter().flat_map(|job| &job.origins);
        for accepted_at in origins.filter_map(|origin| origin.accepted_at) {
            let age = now.signed_duration_since(accepted_at);
            self.metrics.broadcast_seconds.observe(age.as_seconds_f64().max(0.0));
        }
    }

    fn report(&self, update: impl FnOnce(&mut Outage)) {
        // A thread that panicked while it held the lock left a valid value.
        update(&mut self.outage.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
