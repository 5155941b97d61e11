//! What handlers and middleware share.

use std::{net::IpAddr, sync::Arc, time::Duration};

use actix_web::{HttpRequest, web};
use pusher::Channels;
use service::health::Dependency;
use tokio_util::sync::CancellationToken;
use traces::Traces;

use crate::{
    answers::{AnswerMemory, Client, Readers},
    audit::ReadAudit,
    auth::Authenticator,
    clock::Clock,
    connections::Connection,
    group_commit::{EventPublisher, GroupCommit, group_commit},
    limits::{AddressLimit, RequestMemory, SenderLimit},
    metrics::Metrics,
    portal::PortalConfig,
    problem::Problem,
    reads::{DatabaseHealth, HistoryReader, ReadPools},
    refusing_queues::RefusingQueues,
    settings::Config,
};

/// One for the process; all threads share it.
pub struct AppState {
    /// Rate limits of client addresses.
    pub address_limit: AddressLimit,
    /// Records reads of conversations.
    pub audit: ReadAudit,
    /// Verifies tokens.
    pub authenticator: Authenticator,
    /// How long a client may take to send a body.
    pub body_timeout: Duration,
    /// Whether events can be published; one part for each partition.
    pub broker: Dependency,
    /// The channels that subscriptions are signed for.
    pub channels: Channels,
    /// The clock of accepted messages.
    pub clock: Arc<Clock>,
    /// Whether subscriptions to the presence channels of conversations are signed.
    pub conversation_presence: bool,
    /// Whether PostgreSQL answers.
    pub database: DatabaseHealth,
    /// Publishes events.
    pub event_publisher: EventPublisher,
    /// Reads conversations.
    pub history: HistoryReader,
    /// Metrics.
    pub metrics: Metrics,
    /// The configuration of the portal's pages.
    pub portal_config: PortalConfig,
    /// The gateway's Pusher app.
    pub pusher: pusher::App,
    /// Admits reads of pages.
    pub readers: Readers,
    /// The queues that rejected the last publish.
    pub refusing_queues: RefusingQueues,
    /// The memory for large bodies.
    pub request_memory: RequestMemory,
    /// Rate limits of senders.
    pub sender_limit: SenderLimit,
    /// Cancelled when the gateway is told to stop.
    pub shutdown: CancellationToken,
    /// Exports spans.
    pub traces: Traces,
}

impl AppState {
    /// Creates the state, and the tasks that publish what its `event_publisher` is given. It
    /// connects to no server. tokio must run.
    ///
    /// # Errors
    /// When the settings of the database are invalid.
    pub fn new(
        config: &Config,
        authenticator: Authenticator,
        metrics: Metrics,
        traces: Traces,
        shutdown: CancellationToken,
    ) -> anyhow::Result<(Self, Vec<GroupCommit>)> {
        let Config { limits, database, .. } = config;
        let broker = Dependency::of_parts("broker", config.broker.queue_partitions.count());
        let refusing_queues = RefusingQueues::new(metrics.queue_refusing.clone());
        let (event_publisher, publishing) =
            group_commit(config, &broker, &refusing_queues, metrics.clone());
        let clock = Arc::new(Clock::default());
        let pools = ReadPools {
            conversations: database::pool(database, config.conversation_pool_size)?,
            inbox: database::pool(database, config.inbox_pool_size)?,
        };
        let memory = AnswerMemory::new(limits.answer_memory, metrics.clone());
        let state = Self {
            address_limit: AddressLimit::new(limits),
            audit: ReadAudit::new(config.audit_reads, event_publisher.clone(), clock.clone()),
            authenticator,
            body_timeout: limits.client_timeout,
            broker,
            channels: config.channels.clone(),
            clock,
            conversation_presence: config.conversation_presence,
            database: DatabaseHealth::default(),
            event_publisher,
            history: HistoryReader::new(pools, database.clone(), metrics.clone()),
            metrics,
            portal_config: PortalConfig::new(
                &config.portal.pusher,
                &config.pusher,
                &config.channels,
                config.conversation_presence,
            ),
            pusher: config.pusher.clone(),
            readers: Readers::new(limits, memory),
            refusing_queues,
            request_memory: RequestMemory::new(limits.request_memory),
            sender_limit: SenderLimit::new(limits),
            shutdown,
            traces,
        };
        Ok((state, publishing))
    }

    /// The state of the application that serves `request`.
    ///
    /// # Errors
    /// When the application has none, which is a mistake in the program.
    pub fn for_request(request: &HttpRequest) -> Result<&web::Data<Self>, Problem> {
        request.app_data().ok_or_else(|| {
            tracing::error!("the application has no state");
            Problem::Internal
        })
    }

    /// The address of the client that sent `request`.
    pub fn client_address(&self, request: &HttpRequest) -> IpAddr {
        self.address_limit.client_address(request)
    }

    /// The client that sent `request`.
    pub fn client(&self, request: &HttpRequest) -> Client {
        let connection = Connection::for_request(request).cloned();
        Client { address: self.client_address(request), connection }
    }
}
