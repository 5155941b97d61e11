//! A call that is repeated until it is done.

use std::sync::{Arc, Mutex, PoisonError};

use chat::{self, Subject, event::Event};
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

/// One event on its way to Pusher.
#[derive(Clone, Debug)]
pub struct Job {
    /// What Pusher is to take.
    pub event: PusherEvent,
    /// What it was made of: one event of the chat, or messages that were gathered.
    pub origins: Vec<Origin>,
    /// When Pusher last refused it alone, if that is not decided yet.
    pub refused: Option<Instant>,
}

impl Job {
    /// A job that no call was made for.
    pub fn new(event: PusherEvent, origins: Vec<Origin>) -> Self {
        Self { event, origins, refused: None }
    }
}

/// What an event for Pusher was made of.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The delivery that it came in.
    pub tag: u64,
    /// Which of the chat's events in it.
    pub position: usize,
    /// When it was accepted, if a gateway accepted it.
    pub accepted_at: Option<DateTime<Utc>>,
    /// What it is about.
    pub subject: Subject,
}

impl Origin {
    /// The event that stands at `position` in the delivery `tag`.
    pub fn new(event: &Event, tag: u64, position: usize) -> Self {
        Self { tag, position, accepted_at: event.accepted_at(), subject: event.subject() }
    }
}

/// A job that Pusher refused when it was sent alone, and why.
#[derive(Debug)]
pub struct Refusal {
    /// What was refused.
    pub job: Job,
    /// Pusher's reason.
    pub reason: String,
}

/// What came of a call's jobs.
#[derive(Debug, Default)]
pub struct CallResult {
    /// Those that Pusher took.
    pub taken: Vec<Job>,
    /// Those that Pusher never takes.
    pub refused: Vec<Refusal>,
    /// Those that were refused while everything was: they are to be sent again, after others.
    pub undecided: Vec<Job>,
}

/// Calls Pusher with what a worker gives it.
#[derive(Clone, Debug)]
pub struct RetryingPusher {
    client: PusherClient,
    metrics: Metrics,
    traces: Traces,
    outage: Arc<Mutex<Outage>>,
    evidence: Arc<Evidence>,
}

/// Why a call that Pusher answered was not taken, and when.
#[derive(Debug)]
struct Refused {
    reason: String,
    at: Instant,
}

impl RetryingPusher {
    /// A caller that reports to `outage` whether Pusher works.
    pub fn new(client: PusherClient, metrics: Metrics, traces: Traces, outage: Outage) -> Self {
        let (outage, evidence) = (Arc::new(Mutex::new(outage)), Arc::default());
        Self { client, metrics, traces, outage, evidence }
    }

    /// Calls Pusher with the jobs, however often it takes. When it refuses them together, they are sent
    /// alone, so that one which is refused costs only itself.
    ///
    /// **A refusal is believed only if Pusher took another call since**: a neighbour, or a probe of
    /// our own where no neighbour is there to tell. When the probe is not taken either, the jobs stay
    /// undecided; that resolves only after a wait, which grows.
    pub async fn send(&self, jobs: Vec<Job>) -> CallResult {
        let mut done = CallResult::default();
        let Err(refused) = self.publish_with_retry(&jobs).await else {
            done.taken = jobs;
            return done;
        };
        let alone = match <[Job; 1]>::try_from(jobs) {
            Ok([job]) => vec![(job, refused)],
            Err(jobs) => self.send_each_alone(jobs, &mut done).await,
        };
        self.judge(alone, &mut done).await;
        done
    }

    async fn send_each_alone(&self, jobs: Vec<Job>, done: &mut CallResult) -> Vec<(Job, Refused)> {
        let mut alone = Vec::new();
        for job in jobs {
            match self.publish_with_retry(std::slice::from_ref(&job)).await {
                Ok(()) => done.taken.push(job),
                Err(refused) => alone.push((job, refused)),
            }
        }
        alone
    }

    /// Decides which of the jobs, each refused when it was sent alone, Pusher never takes.
    async fn judge(&self, alone: Vec<(Job, Refused)>, done: &mut CallResult) {
        let mut in_doubt = Vec::new();
        for (job, refused) in alone {
            let since = job.refused.unwrap_or(refused.at);
            if self.evidence.taken_since(since) {
                done.refused.push(Refusal { job, reason: refused.reason });
            } else {
                in_doubt.push(Job { refused: Some(refused.at), ..job });
            }
        }
        if in_doubt.is_empty() {
            return;
        }
        if !self.probe().await {
            done.undecided = in_doubt;
            return;
        }
        // What refused may have been gone again before the probe.
        for job in in_doubt {
            match self.publish_with_retry(std::slice::from_ref(&job)).await {
                Ok(()) => done.taken.push(job),
                Err(Refused { reason, .. }) => done.refused.push(Refusal { job, reason }),
            }
        }
    }

    /// Whether Pusher takes an event that it has no reason to refuse. If it does not, that is an
    /// outage, and the answer comes only after a wait.
    async fn probe(&self) -> bool {
        let answer = self.attempt(&[&events::probe()]).await;
        let (cause, retry_after) = match answer {
            Ok(()) => {
                self.metrics.calls.of(CallOutcome::Taken).inc();
                return true;
            }
            Err(CallError::Refused { status, answer }) => {
                (format!("everything is refused: {status}: {answer}"), None)
            }
            Err(CallError::Unavailable { cause, retry_after, .. }) => (cause, retry_after),
        };
        // Whatever the status is, here it shows an outage.
        self.metrics.calls.of(CallOutcome::Unavailable).inc();
        self.report(|outage| outage.failed(&cause));
        let wait = self.evidence.probe_failed().max(retry_after.unwrap_or_default());
        tokio::time::sleep(wait).await;
        false
    }

    /// Calls until Pusher takes all of the jobs or refuses one, and traces that.
    async fn publish_with_retry(&self, jobs: &[Job]) -> Result<(), Refused> {
        let mut last = None;
        // A message makes several events, which come one after the other.
        let messages = jobs.iter().flat_map(|job| &job.origins).map(|origin| origin.subject);
        let messages = messages.filter(|subject| last.replace(*subject) != Some(*subject));
        let traced = self.traces.work(WorkKind::CallPusher, messages.filter_map(Subject::traced));
        let called = self.call(jobs).await;
        if let Some(work) = traced {
            match &called {
                Ok(()) => work.done(),
                Err(refused) => work.failed(refused.reason.clone()),
            }
        }
        called
    }

    async fn call(&self, jobs: &[Job]) -> Result<(), Refused> {
        let events: Vec<_> = jobs.iter().map(|job| &job.event).collect();
        let mut waits = backoff::waits();
        loop {
            let answer = self.attempt(&events).await;
            let outcome = match &answer {
                // Until something is taken again, this is part of an outage.
                Err(CallError::Refused { .. }) if self.evidence.is_in_doubt() => {
                    CallOutcome::Unavailable
                }
                answer => CallOutcome::from(answer),
            };
            self.metrics.calls.of(outcome).inc();
            match answer {
                Ok(()) => {
                    self.count(jobs);
                    return Ok(());
                }
                Err(error @ CallError::Refused { .. }) => {
                    return Err(Refused { reason: error.to_string(), at: Instant::now() });
                }
                Err(CallError::Unavailable { cause, retry_after, .. }) => {
                    self.report(|outage| outage.failed(&cause));
                    let wait = waits.next().unwrap_or_default();
                    tokio::time::sleep(wait.max(retry_after.unwrap_or_default())).await;
                }
            }
        }
    }

    async fn attempt(&self, events: &[&PusherEvent]) -> Result<(), CallError> {
        let began = Instant::now();
        let answer = self.client.send(events).await;
        self.metrics.call_seconds.observe(began.elapsed().as_secs_f64());
        if answer.is_ok() {
            self.evidence.taken(began);
            self.report(Outage::succeeded);
        }
        answer
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

    fn report(&self, step: impl FnOnce(&mut Outage)) {
        // A thread that panicked while it held the lock left an outage that is as good as any.
        step(&mut self.outage.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
