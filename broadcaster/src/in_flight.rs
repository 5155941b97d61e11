//! Deliveries in flight: taken off the queue and not acknowledged yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::Arc,
};

use broker::{BrokerError, Consumer, DeadLetter, DeadLetterReason, Delivery};
use chat::{StaffNames, body, event::Event};
use chrono::{DateTime, Utc};
use pusher::{Channels, limits::MAX_EVENTS_PER_BATCH};
use service::metrics::OldestPart;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::{JoinError, JoinSet},
    time::Instant,
};

use crate::{
    coalesce::Coalescer,
    events,
    job_queue::JobQueue,
    metrics::Metrics,
    retrying_pusher::{CallResult, Job, Origin, RejectedJob, RetryingPusher},
};

/// What the deliveries of one partition are broadcast with.
pub struct Resources {
    /// Calls Pusher.
    pub pusher: RetryingPusher,
    /// The channels to publish on.
    pub channels: Channels,
    /// Whether players learn the name of their session's assignee.
    pub staff_names: StaffNames,
    /// A permit for each call that may be under way, for all partitions together.
    pub permits: Arc<Semaphore>,
    /// The broadcaster's metrics.
    pub metrics: Metrics,
    /// The partition's part of `oldest_held_seconds`.
    pub oldest_held: OldestPart,
}

/// The deliveries of one consumer that are not acknowledged, and the calls that are under way for them.
/// The cost of taking or finishing a delivery grows with the logarithm of their number at most.
pub struct InFlight<'a> {
    resources: &'a Resources,
    consumer: &'a mut Consumer,
    /// Jobs that wait for a call.
    queue: JobQueue,
    calls: JoinSet<CallResult>,
    coalescer: Coalescer,
    /// By delivery tag. Tags grow, so that the first delivery is the one received first.
    deliveries: BTreeMap<u64, PendingDelivery>,
    /// For each delivery when its first event was accepted, and its tag.
    accepted: BTreeSet<(DateTime<Utc>, u64)>,
    dead: DeadDeliveries,
}

/// A delivery that is not acknowledged.
#[derive(Debug)]
struct PendingDelivery {
    /// The whole body. A dead letter is cut out of it.
    body: Vec<u8>,
    /// When its first event was accepted.
    accepted_at: Option<DateTime<Utc>>,
    received_at: Instant,
    /// How many of its jobs are not done.
    jobs: usize,
    /// Dead letters by the event's position. They are published only when all jobs are done, since a
    /// requeued delivery starts again from its first event.
    letters: BTreeMap<usize, DeadLetter>,
}

/// A delivery without jobs, which is acknowledged once its dead letters are published.
#[derive(Debug)]
pub struct DeliveryWithDeadLetters {
    /// The delivery's tag.
    pub tag: u64,
    /// The letters to publish.
    pub letters: Vec<DeadLetter>,
}

/// The deliveries whose dead letters are being published. RabbitMQ's prefetch bounds their number.
struct DeadDeliveries {
    sender: mpsc::UnboundedSender<DeliveryWithDeadLetters>,
    published: mpsc::UnboundedReceiver<u64>,
    unpublished: usize,
}

/// What [`InFlight::next`] waited for.
pub enum Step {
    /// RabbitMQ delivered a body: [`InFlight::accept_delivery`].
    Delivered(Delivery),
    /// A call ended: [`InFlight::finish_call`].
    CallEnded(Result<CallResult, JoinError>),
    /// A call may start: [`InFlight::start_call`].
    CallAllowed(OwnedSemaphorePermit),
    /// The dead letters of a delivery are published: [`InFlight::acknowledge`].
    LettersPublished(u64),
    /// The coalesced messages and notes are due: [`InFlight::start_calls`].
    CoalescedDue,
}

impl<'a> InFlight<'a> {
    /// Starts without deliveries. A delivery with dead letters is sent through `dead`; its tag must come
    /// back through `published`.
    pub fn new(
        resources: &'a Resources,
        consumer: &'a mut Consumer,
        coalescer: Coalescer,
        dead: mpsc::UnboundedSender<DeliveryWithDeadLetters>,
        published: mpsc::UnboundedReceiver<u64>,
    ) -> Self {
        Self {
            resources,
            consumer,
            queue: JobQueue::default(),
            calls: JoinSet::new(),
            coalescer,
            deliveries: BTreeMap::new(),
            accepted: BTreeSet::new(),
            dead: DeadDeliveries { sender: dead, published, unpublished: 0 },
        }
    }

    /// Whether no call is under way and no dead letter is being published.
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty() && self.dead.unpublished == 0
    }

    /// When the oldest delivery was received.
    pub fn oldest_received(&self) -> Option<Instant> {
        self.deliveries.first_key_value().map(|(_, delivery)| delivery.received_at)
    }

    /// Waits for the next step. While the worker stops, it takes no delivery and starts no call.
    /// Cancel-safe.
    ///
    /// # Errors
    /// When the consumer fails.
    pub async fn next(&mut self, is_stopping: bool) -> Result<Step, BrokerError> {
        let Self { resources, consumer, queue, calls, coalescer, dead, .. } = self;
        tokio::select! {
            biased;
            Some(call) = calls.join_next() => Ok(Step::CallEnded(call)),
            Some(tag) = dead.published.recv() => {
                dead.unpublished -= 1;
                Ok(Step::LettersPublished(tag))
            }
            delivery = consumer.next(), if !is_stopping => Ok(Step::Delivered(delivery?)),
            Ok(permit) = Arc::clone(&resources.permits).acquire_owned(),
                if !queue.is_empty() && !is_stopping => Ok(Step::CallAllowed(permit)),
            () = coalescer.wait(), if !is_stopping => Ok(Step::CoalescedDue),
            else => std::future::pending().await,
        }
    }

    /// Makes jobs of a delivery's events.
    ///
    /// # Errors
    /// When nothing is left to do and the acknowledgement fails.
    pub async fn accept_delivery(&mut self, delivery: Delivery) -> Result<(), BrokerError> {
        let Delivery { tag, body } = delivery;
        let mut pending = PendingDelivery::new(body);
        let mut superseded = Vec::new();
        match body::decode(&pending.body) {
            Ok(events) => {
                for (position, event) in events.into_iter().enumerate() {
                    match event {
                        Ok(event) => {
                            let accepted_at = [pending.accepted_at, event.accepted_at()];
                            pending.accepted_at = accepted_at.into_iter().flatten().min();
                            let origin = Origin::new(&event, tag, position);
                            pending.jobs += self.enqueue(event, origin, &mut superseded);
                        }
                        Err(unreadable) => {
                            pending.letters.insert(position, unreadable.into());
                        }
                    }
                }
            }
            Err(error) => {
                let letter = DeadLetter::from((pending.body.clone(), error));
                pending.letters.insert(0, letter);
            }
        }
        self.accepted.extend(pending.accepted_at.map(|accepted_at| (accepted_at, tag)));
        let (own, others): (Vec<_>, Vec<_>) =
            origins(superseded).partition(|origin| origin.tag == tag);
        pending.jobs = pending.jobs.saturating_sub(own.len());
        self.deliveries.insert(tag, pending);
        self.report_oldest();
        self.acknowledge_if_done(tag).await?;
        self.end_jobs(others).await
    }

    /// Starts as many calls as permits allow.
    pub fn start_calls(&mut self) {
        let Resources { channels, permits, metrics, .. } = self.resources;
        if let Some(job) = self.coalescer.take(Instant::now(), channels) {
            metrics.coalesced.inc_by(job.origins.len() as u64);
            // Messages and notes supersede no job.
            self.queue.push(job);
        }
        while !self.queue.is_empty()
            && let Ok(permit) = Arc::clone(permits).try_acquire_owned()
        {
            self.start_call(permit);
        }
    }

    /// Starts one call with the jobs that waited longest, ten at most.
    pub fn start_call(&mut self, permit: OwnedSemaphorePermit) {
        let jobs = self.queue.take(MAX_EVENTS_PER_BATCH);
        let pusher = self.resources.pusher.clone();
        self.calls.spawn(async move {
            let _permit = permit;
            pusher.deliver(jobs).await
        });
    }

    /// Ends the jobs of a call, and acknowledges the deliveries of which no job and no dead letter is left.
    ///
    /// # Errors
    /// When an acknowledgement fails.
    pub async fn finish_call(&mut self, result: CallResult) -> Result<(), BrokerError> {
        let CallResult { accepted, rejected, undecided } = result;
        let mut done = accepted;
        // Behind all others: one of these may show whether Pusher rejects only them.
        for job in undecided {
            self.queue_job(job, &mut done);
        }
        for RejectedJob { job, reason } in rejected {
            for origin in &job.origins {
                self.refuse(origin, &reason);
            }
            done.push(job);
        }
        self.end_jobs(origins(done)).await
    }

    /// Acknowledges a delivery whose dead letters are published.
    ///
    /// # Errors
    /// When the consumer fails.
    pub async fn acknowledge(&mut self, tag: u64) -> Result<(), BrokerError> {
        self.consumer.acknowledge(tag).await?;
        let delivery = self.deliveries.remove(&tag);
        if let Some(accepted_at) = delivery.and_then(|delivery| delivery.accepted_at) {
            self.accepted.remove(&(accepted_at, tag));
        }
        self.report_oldest();
        Ok(())
    }

    /// Aborts the calls. RabbitMQ requeues the deliveries when the consumer closes.
    pub async fn abort_calls(mut self) {
        if !self.deliveries.is_empty() {
            self.resources.metrics.given_back.inc();
        }
        self.calls.shutdown().await;
    }

    /// Makes the jobs of an event. Returns how many its delivery waits for. Adds to `superseded` the
    /// jobs that are not to be sent any more.
    fn enqueue(&mut self, event: Event, origin: Origin, superseded: &mut Vec<Job>) -> usize {
        let Resources { channels, staff_names, .. } = self.resources;
        let is_coalesced = self.coalescer.try_coalesce(&event, origin, Instant::now());
        let events = match &event {
            Event::Message(message) if is_coalesced => events::player_event(message, channels),
            Event::Note(_) if is_coalesced => Ok(Vec::new()),
            _ => events::pusher_events(&event, channels, *staff_names),
        };
        let events = events.unwrap_or_default();
        let jobs = events.len() + usize::from(is_coalesced);
        let mut read_state = match event {
            Event::ReadUpdated(state) => Some(Box::new(state)),
            _ => None,
        };
        for event in events {
            let job = Job { read_state: read_state.take(), ..Job::new(event, vec![origin]) };
            self.queue_job(job, superseded);
        }
        jobs
    }

    /// Queues the job for a call. Adds the job that it supersedes, or the job itself if a newer one
    /// waits, to `superseded`.
    fn queue_job(&mut self, job: Job, superseded: &mut Vec<Job>) {
        if let Some(older) = self.queue.push(job) {
            self.resources.metrics.superseded.inc();
            superseded.push(older);
        }
    }

    /// Ends a job of each origin's delivery, and acknowledges the deliveries of which no job and no dead
    /// letter is left.
    async fn end_jobs(
        &mut self,
        origins: impl IntoIterator<Item = Origin>,
    ) -> Result<(), BrokerError> {
        for origin in origins {
            if let Some(delivery) = self.deliveries.get_mut(&origin.tag) {
                delivery.jobs = delivery.jobs.saturating_sub(1);
                self.acknowledge_if_done(origin.tag).await?;
            }
        }
        Ok(())
    }

    /// Adds the dead letter of an event, unless another of its jobs was rejected before.
    fn refuse(&mut self, origin: &Origin, reason: &str) {
        let Some(delivery) = self.deliveries.get_mut(&origin.tag) else { return };
        let PendingDelivery { body, letters, .. } = delivery;
        letters.entry(origin.position).or_insert_with(|| {
            let alone = body::alone(body, origin.position);
            DeadLetter {
                // The position is always one in the body; otherwise the whole body is kept.
                body: alone.unwrap_or_else(|| body.clone()),
                kind: DeadLetterReason::Refused,
                reason: reason.to_owned(),
                subject: origin.subject,
            }
        });
    }

    /// Acknowledges a delivery without jobs, or has its dead letters published first.
    async fn acknowledge_if_done(&mut self, tag: u64) -> Result<(), BrokerError> {
        let delivery = self.deliveries.get_mut(&tag).filter(|delivery| delivery.jobs == 0);
        let Some(delivery) = delivery else { return Ok(()) };
        let letters: Vec<_> = mem::take(&mut delivery.letters).into_values().collect();
        if letters.is_empty() {
            return self.acknowledge(tag).await;
        }
        self.dead.unpublished += 1;
        // The receiver lives as long as this.
        self.dead
            .sender
            .send(DeliveryWithDeadLetters { tag, letters })
            .map_err(|_| BrokerError::Cancelled)
    }

    fn report_oldest(&self) {
        let oldest = self.accepted.first().map(|(accepted_at, _)| *accepted_at);
        self.resources.oldest_held.set(oldest);
    }
}

/// The events that the jobs were made of.
fn origins(jobs: Vec<Job>) -> impl Iterator<Item = Origin> {
    jobs.into_iter().flat_map(|job| job.origins)
}

impl PendingDelivery {
    fn new(body: Vec<u8>) -> Self {
        Self {
            body,
            accepted_at: None,
            received_at: Instant::now(),
            jobs: 0,
            letters: BTreeMap::new(),
        }
    }
}
