//! Runs a worker: traces, health, metrics, a consumer for each partition with its reconnects, and the
//! stop. What a worker does with its deliveries is its [`Consume`].

use std::{net::TcpListener, sync::Arc};

use anyhow::Context;
use service::{
    Outage, backoff,
    health::{self, Dependency},
    metrics::{self, Registry},
    shutdown::{self, ShutdownSettings, by_deadline},
};
use tokio_util::sync::CancellationToken;
use traces::{TraceSettings, Traces};

use super::{
    BrokerError, BrokerSettings, Consumer, ConsumerKind, Partition, QueueMetrics, QueueWatch,
    serve::serve_partitions,
};

/// Processes the deliveries of one partition.
pub trait Consume: Send + 'static {
    /// Waits until it can process deliveries. The worker opens a consumer only then.
    fn prepare(&mut self) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Processes deliveries until `stop` is cancelled, or until it must requeue what it holds. The worker
    /// then closes the consumer, which requeues every delivery that is not acknowledged.
    ///
    /// # Errors
    /// When the consumer fails.
    fn consume(
        &mut self,
        consumer: &mut Consumer,
        stop: &CancellationToken,
    ) -> impl Future<Output = Result<(), BrokerError>> + Send;
}

/// A worker that is not running yet.
pub struct Worker {
    kind: ConsumerKind,
    settings: BrokerSettings,
    shutdown: ShutdownSettings,
    stop: CancellationToken,
    traces: Traces,
    registry: Registry,
    queues: QueueMetrics,
    dependencies: Vec<Dependency>,
    broker: Dependency,
}

impl Worker {
    /// Creates a worker that runs until `stop` is cancelled, and starts its traces.
    ///
    /// # Errors
    /// When the settings of the traces are invalid.
    pub fn new(
        kind: ConsumerKind,
        settings: &BrokerSettings,
        traces: &TraceSettings,
        shutdown: ShutdownSettings,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let traces = Traces::start(traces, kind.name()).context("cannot export traces")?;
        let mut registry = metrics::registry(kind.name());
        let queues = QueueMetrics::register(service_registry(&mut registry, kind));
        let broker = Dependency::of_parts("broker", settings.queue_partitions.count());
        let dependencies = vec![broker.clone()];
        let settings = settings.clone();
        Ok(Self { kind, settings, shutdown, stop, traces, registry, queues, dependencies, broker })
    }

    /// Listens on the worker's address of health and metrics, and logs that it started. Returns the listener
    /// with a token that SIGTERM and SIGINT cancel.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn listen(
        kind: ConsumerKind,
        address: &str,
    ) -> anyhow::Result<(TcpListener, CancellationToken)> {
        let listener =
            TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
        let stop = shutdown::on_signal()?;
        tracing::info!(listen = %listener.local_addr()?, "{} started", kind.name());
        Ok((listener, stop))
    }

    /// Where the worker registers its own metrics.
    pub fn registry(&mut self) -> &mut Registry {
        service_registry(&mut self.registry, self.kind)
    }

    /// The traces of the worker.
    pub fn traces(&self) -> Traces {
        self.traces.clone()
    }

    /// Adds a dependency with one part for each partition. The worker is ready while each of its
    /// dependencies is up.
    pub fn partitioned_dependency(&mut self, name: &'static str) -> Dependency {
        self.add(Dependency::of_parts(name, self.settings.queue_partitions.count()))
    }

    /// Adds a dependency that all partitions share.
    pub fn shared_dependency(&mut self, name: &'static str) -> Dependency {
        self.add(Dependency::new(name))
    }

    fn add(&mut self, dependency: Dependency) -> Dependency {
        self.dependencies.push(dependency.clone());
        dependency
    }

    /// Runs the worker until it is stopped, with its health and metrics on `listener`. Each partition is
    /// consumed by a task of its own with what `consume` returns for it. All partitions together hold
    /// `prefetch` unacknowledged deliveries at most.
    ///
    /// # Errors
    /// When the listener cannot be served, or a task panics.
    pub async fn run<C: Consume>(
        self,
        listener: TcpListener,
        prefetch: u16,
        consume: impl FnMut(Partition) -> C,
    ) -> anyhow::Result<()> {
        let (stop, shutdown) = (self.stop.clone(), self.shutdown);
        by_deadline(&stop, shutdown, self.run_until_stopped(listener, prefetch, consume)).await
    }

    async fn run_until_stopped<C: Consume>(
        self,
        listener: TcpListener,
        prefetch: u16,
        mut consume: impl FnMut(Partition) -> C,
    ) -> anyhow::Result<()> {
        let Self { kind, settings, stop, traces, registry, queues, dependencies, broker, .. } =
            self;
        let purpose = format!("{}: watching", kind.name());
        tokio::spawn(QueueWatch::new(&settings, kind.only(), purpose, queues).run(stop.clone()));
        let server = health::serve(listener, dependencies, Arc::new(registry), stop.clone())
            .context("cannot serve health and metrics")?;
        let server = tokio::spawn(server);
        let work = |partition: Partition| {
            let reconnecting = Reconnecting {
                kind,
                settings: settings.clone(),
                partition,
                prefetch: settings.queue_partitions.share(prefetch, partition),
                outage: Outage::new(broker.part(partition.number())),
                consume: consume(partition),
            };
            reconnecting.run(stop.clone())
        };
        serve_partitions(&settings, kind, work).await.context("a partition's task failed")?;
        traces.stop().await;
        server.await.context("the server of health and metrics failed")??;
        Ok(())
    }
}

fn service_registry(registry: &mut Registry, kind: ConsumerKind) -> &mut Registry {
    registry.sub_registry_with_prefix(format!("chat_{}", kind.name()))
}

/// Consumes one partition, with a new consumer whenever one has ended.
struct Reconnecting<C> {
    kind: ConsumerKind,
    settings: BrokerSettings,
    partition: Partition,
    prefetch: u16,
    outage: Outage,
    consume: C,
}

impl<C: Consume> Reconnecting<C> {
    async fn run(mut self, stop: CancellationToken) {
        let mut waits = backoff::waits();
        while !stop.is_cancelled() {
            let ended = self.consume_once(&stop).await;
            if matches!(ended, Err(BrokerError::Gone)) {
                return;
            }
            // The connection worked.
            if self.outage.duration().is_none() {
                waits = backoff::waits();
            }
            if let Err(error) = ended {
                self.outage.failed(&error);
            }
            tokio::select! {
                () = tokio::time::sleep(waits.next().unwrap_or_default()) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn consume_once(&mut self, stop: &CancellationToken) -> Result<(), BrokerError> {
        let connect = async {
            self.consume.prepare().await;
            let (kind, partition) = (self.kind, self.partition);
            Consumer::connect(&self.settings, kind, partition, self.prefetch, kind.name()).await
        };
        let Some(consumer) = stop.run_until_cancelled(connect).await else { return Ok(()) };
        let mut consumer = consumer?;
        self.outage.succeeded();
        self.consume.consume(&mut consumer, stop).await?;
        consumer.close().await;
        Ok(())
    }
}
