//! The loop: consume deliveries, call Pusher, acknowledge.
//!
//! While a call is allowed, the waiting Pusher events go out at once, ten in a call at most. While all calls
//! are under way, events wait for the next one. Beyond a rate that the operator sets, messages and
//! notes for staff are coalesced: see [`Coalescer`].
//!
//! Each partition has a loop and a connection of its own. The partitions share the calls.

use std::{net::TcpListener, pin::pin, sync::Arc, time::Duration};

use anyhow::Context;
use broker::{BrokerError, Consume, Consumer, ConsumerKind, Partition, RetryingPublisher, Worker};
use service::{Outage, shutdown::grace};
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    coalesce::{self, Coalescer},
    in_flight::{DeliveryWithDeadLetters, InFlight, Resources, Step},
    metrics::Metrics,
    pusher_client::PusherClient,
    retrying_pusher::RetryingPusher,
    settings::Settings,
};

/// The most unacknowledged deliveries of all partitions together. A gateway's body has 128 KiB at most,
/// so they take 8 MiB at most.
const PREFETCH: u16 = 64;

/// Runs a broadcaster until `stop` is cancelled, with its health and metrics on `listener`.
///
/// # Errors
/// When the settings are invalid or the listener cannot be served. No outage ends it.
pub async fn run(
    settings: Settings,
    listener: TcpListener,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let Settings { broker, traces, shutdown, .. } = &settings;
    let mut worker = Worker::new(ConsumerKind::Broadcaster, broker, traces, *shutdown, stop)?;
    let metrics = Metrics::register(worker.registry());
    let dead_letters = worker.partitioned_dependency("dead-letters");
    let pusher = worker.shared_dependency("pusher");
    // Pusher counts as up until a call fails: without an event there is no call.
    pusher.set_is_up(true);

    let concurrency = usize::from(settings.broadcast_concurrency);
    let client =
        PusherClient::new(&settings.pusher, concurrency).context("Pusher cannot be called")?;
    let pusher = RetryingPusher::new(client, metrics.clone(), worker.traces(), Outage::new(pusher));
    let channels = settings.pusher.channels.channels().map_err(anyhow::Error::msg)?;
    let permits = Arc::new(Semaphore::new(concurrency));
    let prefetch = match settings.staff_events_per_second {
        Some(_) => coalesce::PREFETCH,
        None => PREFETCH,
    };
    let broadcaster = |partition: Partition| {
        let dead_letters = dead_letters.part(partition.number());
        let resources = Resources {
            pusher: pusher.clone(),
            channels: channels.clone(),
            staff_names: settings.staff_names,
            permits: Arc::clone(&permits),
            metrics: metrics.clone(),
            oldest_held: metrics.oldest_held_seconds.part(),
        };
        Broadcaster {
            publisher: RetryingPublisher::new(broker, "broadcaster: dead letters", dead_letters),
            settings: settings.clone(),
            resources,
        }
    };
    worker.run(listener, prefetch, broadcaster).await
}

struct Broadcaster {
    settings: Settings,
    resources: Resources,
    publisher: RetryingPublisher,
}

impl Consume for Broadcaster {
    async fn consume(
        &mut self,
        consumer: &mut Consumer,
        stop: &CancellationToken,
    ) -> Result<(), BrokerError> {
        let Self { settings, resources, publisher } = self;
        let rate = settings.staff_events_per_second;
        let coalescer = Coalescer::new(rate, settings.broker.queue_partitions, consumer.prefetch());
        let (dead_sender, dead) = mpsc::unbounded_channel();
        let (published_sender, published) = mpsc::unbounded_channel();
        let mut in_flight = InFlight::new(resources, consumer, coalescer, dead_sender, published);
        let hold = settings.consumer.delivery_hold;
        let ended = tokio::select! {
            ended = broadcast(&mut in_flight, hold, stop) => ended,
            // Beside the loop: deliveries without dead letters do not wait for those with.
            () = publish_dead_letters(publisher, &resources.metrics, dead, published_sender) => Ok(()),
            () = grace(stop, settings.shutdown) => Ok(()),
        };
        resources.oldest_held.set(None);
        ended?;
        in_flight.abort_calls().await;
        Ok(())
    }
}

/// Broadcasts until `stop` is cancelled and no call is under way, or until a delivery was in flight for
/// longer than `hold`. Whatever is in flight then must be requeued.
async fn broadcast(
    in_flight: &mut InFlight<'_>,
    hold: Duration,
    stop: &CancellationToken,
) -> Result<(), BrokerError> {
    let mut overdue = pin!(sleep(hold));
    loop {
        let is_stopping = stop.is_cancelled();
        if !is_stopping {
            in_flight.start_calls();
        } else if in_flight.is_idle() {
            return Ok(());
        }
        let step = tokio::select! {
            biased;
            step = in_flight.next(is_stopping) => step?,
            () = &mut overdue => {
                let oldest = in_flight.oldest_received().unwrap_or_else(Instant::now);
                if oldest.elapsed() >= hold {
                    return Ok(());
                }
                overdue.as_mut().reset(oldest + hold);
                continue;
            }
            () = stop.cancelled(), if !is_stopping => continue,
        };
        match step {
            Step::Delivered(delivery) => in_flight.accept_delivery(delivery).await?,
            Step::CallEnded(Ok(result)) => in_flight.finish_call(result).await?,
            Step::CallEnded(Err(error)) => {
                tracing::error!(exception.message = %error, "a call to Pusher panicked");
                return Ok(());
            }
            Step::CallAllowed(permit) => in_flight.start_call(permit),
            Step::LettersPublished(tag) => in_flight.acknowledge(tag).await?,
            Step::CoalescedDue => {}
        }
    }
}

/// Publishes the dead letters of each delivery, and then sends its tag.
async fn publish_dead_letters(
    publisher: &mut RetryingPublisher,
    metrics: &Metrics,
    mut dead: mpsc::UnboundedReceiver<DeliveryWithDeadLetters>,
    published: mpsc::UnboundedSender<u64>,
) {
    while let Some(DeliveryWithDeadLetters { tag, letters }) = dead.recv().await {
        for letter in letters {
            publisher.dead_letter(ConsumerKind::Broadcaster, &letter).await;
            metrics.dead_letters.of(letter.kind).inc();
        }
        if published.send(tag).is_err() {
            return;
        }
    }
}
