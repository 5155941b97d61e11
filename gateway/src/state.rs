//! What handlers and middleware share.

use std::{net::IpAddr, sync::Arc, time::Duration};

use actix_web::{HttpRequest, web};
use anyhow::Context;
use chat::Reader;
use futures_util::future::BoxFuture;
use pusher::Channels;
use service::health::Dependency;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use traces::Traces;

use crate::{
    answers::{AnswerMemory, Client, Readers},
    attachments::Attachments,
    audit::ReadAudit,
    auth::{Authenticator, Caller},
    clock::Clock,
    connections::Connection,
    group_commit::{EventPublisher, group_commit},
    limits::{AddressLimit, AvailabilityLimit, ReadMarkLimit, RequestMemory, SenderLimit},
    metrics::Metrics,
    portal::PortalConfig,
    problem::Problem,
    read_mark_mode::ReadMarkMode,
    read_marks::{ReadMarkSettings, ReadMarks, read_marks},
    reads::{DatabaseHealth, EncodedReplies, HistoryReader, ReadPools, Replica, VisibleReads},
    refusing_queues::RefusingQueues,
    request_log::UserHasher,
    settings::Config,
    team_desk::TeamDesk,
};

/// A task that publishes. It ends after the [`AppState`] that it belongs to.
pub type Publishing = BoxFuture<'static, ()>;

/// One for the process; all threads share it.
pub struct AppState {
    /// Rate limits of client addresses.
    pub address_limit: AddressLimit,
    /// Attachments; `None` when they are off.
    pub attachments: Option<Arc<Attachments>>,
    /// Records reads of conversations.
    pub audit: ReadAudit,
    /// Verifies tokens.
    pub authenticator: Authenticator,
    /// Rate limits of members of the staff who report their availability.
    pub availability_limit: AvailabilityLimit,
    /// How long a client may take to send a body.
    pub body_timeout: Duration,
    /// Whether events can be published; one part for each partition.
    pub broker: Dependency,
    /// The list of canned replies that was read last.
    pub canned_replies: Mutex<Option<EncodedReplies>>,
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
    /// Rate limits of readers' marks.
    pub read_mark_limit: ReadMarkLimit,
    /// Whose read marks are kept.
    pub read_mark_mode: ReadMarkMode,
    /// Marks messages as read; `None` where no marks are kept.
    pub read_marks: Option<ReadMarks>,
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
    /// The team's desk; `None` when it is off.
    pub team_desk: Option<Arc<TeamDesk>>,
    /// Exports spans.
    pub traces: Traces,
    /// Hashes the users of requests that are logged; `None` where none are.
    pub user_hasher: Option<UserHasher>,
}

impl AppState {
    /// Creates the state, and the tasks that publish what its `event_publisher` and its `read_marks`
    /// are given. It connects to no server. tokio must run.
    ///
    /// # Errors
    /// When the settings of the database are invalid, or a thread cannot be started.
    pub fn new(
        config: &Config,
        authenticator: Authenticator,
        metrics: Metrics,
        traces: Traces,
        shutdown: CancellationToken,
    ) -> anyhow::Result<(Self, Vec<Publishing>)> {
        let Config { limits, database, .. } = config;
        let broker = Dependency::of_parts("broker", config.broker.queue_partitions.count());
        let refusing_queues = RefusingQueues::new(metrics.queue_refusing.clone());
        let (event_publisher, group_commits) =
            group_commit(config, &broker, &refusing_queues, metrics.clone());
        let mut publishing: Vec<Publishing> = Vec::new();
        for group_commit in group_commits {
            publishing.push(Box::pin(group_commit.run()));
        }
        let clock = Arc::new(Clock::default());
        let marks = (config.read_marks != ReadMarkMode::Off).then(|| {
            let settings = ReadMarkSettings {
                mode: config.read_marks,
                delay: config.read_delay,
                event_publisher: event_publisher.clone(),
                clock: clock.clone(),
                shutdown: shutdown.clone(),
            };
            let (marks, merger) = read_marks(settings, metrics.clone());
            publishing.push(Box::pin(merger.run()));
            marks
        });
        let pools = ReadPools::new(database, config.pool_sizes)?;
        let replica = config.replica.clone().map(|replica| {
            let pools = ReadPools::new(&replica.database, config.pool_sizes)?;
            anyhow::Ok(Replica::new(replica, pools))
        });
        let attachments = config.attachments.as_ref();
        let attachments = attachments.map(|config| Attachments::new(config, metrics.clone()));
        let attachments = attachments.transpose().context("attachments cannot start")?;
        let attachments = attachments.map(Arc::new);
        let team_desk = config.team_desk.clone().map(Arc::new);
        let memory = AnswerMemory::new(limits.answer_memory, metrics.clone());
        let state = Self {
            address_limit: AddressLimit::new(limits),
            attachments,
            audit: ReadAudit::new(config.audit_reads, event_publisher.clone(), clock.clone()),
            authenticator,
            availability_limit: AvailabilityLimit::start(),
            body_timeout: limits.client_timeout,
            broker,
            canned_replies: Mutex::default(),
            channels: config.channels.clone(),
            clock,
            conversation_presence: config.conversation_presence,
            database: DatabaseHealth::default(),
            event_publisher,
            history: HistoryReader::new(
                pools,
                replica.transpose()?,
                database.clone(),
                metrics.clone(),
            ),
            metrics,
            portal_config: PortalConfig::new(
                &config.portal.pusher,
                &config.pusher,
                &config.channels,
                config.read_marks,
                config.conversation_presence,
                config.team_desk.as_ref(),
                config.attachments.as_ref(),
            ),
            pusher: config.pusher.clone(),
            read_mark_limit: ReadMarkLimit::new(limits),
            read_mark_mode: config.read_marks,
            read_marks: marks,
            readers: Readers::new(limits, memory),
            refusing_queues,
            request_memory: RequestMemory::new(limits.request_memory),
            sender_limit: SenderLimit::new(limits),
            shutdown,
            team_desk,
            traces,
            user_hasher: config.request_log.then(|| UserHasher::new(&config.pusher.secret)),
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

    /// The read marks that `caller` sees; `None` where no marks are kept.
    pub fn visible_reads(&self, caller: &Caller) -> Option<VisibleReads> {
        if self.read_mark_mode == ReadMarkMode::Off {
            return None;
        }
        Some(match caller {
            Caller::Trusted => VisibleReads { own: None, of_staff: true },
            Caller::Staff { id, .. } => {
                VisibleReads { own: Some(Reader::Staff(id.clone())), of_staff: true }
            }
            Caller::Player { .. } => {
                VisibleReads { own: None, of_staff: self.read_mark_mode == ReadMarkMode::Both }
            }
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
