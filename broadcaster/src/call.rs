//! A call that is repeated until it is done.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use shared::{
    chat::{self, Subject, event::Event},
    service::{Outage, backoff},
};
use traces::{Traces, WorkKind};

use crate::{
    client::{CallError, Client},
    events::PusherEvent,
    metrics::{CallOutcome, Metrics},
};

/// One event on its way to Pusher.
#[derive(Clone, Debug)]
pub struct Job {
    /// What Pusher is to take.
    pub event: PusherEvent,
    /// What it was made of: one event of the chat, or messages that were gathered.
    pub origins: Vec<Origin>,
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
    pub fn of(event: &Event, tag: u64, position: usize) -> Self {
        Self { tag, position, accepted_at: event.accepted_at(), subject: event.subject() }
    }
}

/// One of the chat's events of which Pusher will never take what was made of it, and why.
#[derive(Debug)]
pub struct Refusal {
    /// Which event.
    pub origin: Origin,
    /// Pusher's reason.
    pub reason: String,
}

/// Calls Pusher with what a worker gives it.
#[derive(Clone, Debug)]
pub struct Caller {
    client: Client,
    metrics: Metrics,
    traces: Traces,
    outage: Arc<Mutex<Outage>>,
}

impl Caller {
    /// A caller that follows `outage`.
    pub fn new(client: Client, metrics: Metrics, traces: Traces, outage: Outage) -> Self {
        Self { client, metrics, traces, outage: Arc::new(Mutex::new(outage)) }
    }

    /// Has Pusher take the jobs, however often it takes, and says which it never will. One that is
    /// refused costs only itself: the others are then sent alone.
    pub async fn send(&self, jobs: &[Job]) -> Vec<Refusal> {
        let Err(reason) = self.insist(jobs).await else {
            return Vec::new();
        };
        if let [job] = jobs {
            return refuse(job, &reason).collect();
        }
        let mut refusals = Vec::new();
        for job in jobs {
            if let Err(reason) = self.insist(std::slice::from_ref(job)).await {
                refusals.extend(refuse(job, &reason));
            }
        }
        refusals
    }

    /// Calls until Pusher takes all of the jobs or refuses one, and traces that.
    async fn insist(&self, jobs: &[Job]) -> Result<(), String> {
        let mut last = None;
        // A message makes several events, which come one after the other.
        let messages = jobs.iter().flat_map(|job| &job.origins).map(|origin| origin.subject);
        let messages = messages.filter(|subject| last.replace(*subject) != Some(*subject));
        let traced = self.traces.work(WorkKind::CallPusher, messages.filter_map(Subject::traced));
        let called = self.call(jobs).await;
        if let Some(work) = traced {
            match &called {
                Ok(()) => work.done(),
                Err(reason) => work.failed(reason.clone()),
            }
        }
        called
    }

    async fn call(&self, jobs: &[Job]) -> Result<(), String> {
        let events: Vec<_> = jobs.iter().map(|job| &job.event).collect();
        let mut waits = backoff::waits();
        loop {
            let began = tokio::time::Instant::now();
            let answer = self.client.send(&events).await;
            self.metrics.call_seconds.observe(began.elapsed().as_secs_f64());
            self.metrics.calls.of(CallOutcome::from(&answer)).inc();
            match answer {
                Ok(()) => {
                    self.follow(Outage::succeeded);
                    self.count(jobs);
                    return Ok(());
                }
                Err(error @ CallError::Refused { .. }) => {
                    self.follow(Outage::succeeded);
                    return Err(error.to_string());
                }
                Err(CallError::Away { cause, retry_after, .. }) => {
                    self.follow(|outage| outage.failed(&cause));
                    let wait = waits.next().unwrap_or_default();
                    tokio::time::sleep(wait.max(retry_after.unwrap_or_default())).await;
                }
            }
        }
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

    fn follow(&self, step: impl FnOnce(&mut Outage)) {
        // A thread that panicked while it held the lock left an outage that is as good as any.
        step(&mut self.outage.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

fn refuse(job: &Job, reason: &str) -> impl Iterator<Item = Refusal> {
    job.origins.iter().map(|origin| Refusal { origin: *origin, reason: reason.to_owned() })
}
