//! What the calls have to work with, the same for each thread that answers them.

use actix_web::web;
use pusher::Channels;
use service::health::Dependency;
use traces::Traces;

use crate::{
    answers::Readers,
    audit::ReadAudit,
    auth::Authenticator,
    clock::Clock,
    group_commit::EventPublisher,
    http::BodyTimeout,
    limits::{AddressLimit, RequestMemory, SenderLimit},
    portal::{Portal, PortalConfig},
    reads::{DatabaseHealth, HistoryReader},
    routes,
    settings::{Config, CorsPolicy},
};

/// What readiness tells of.
#[derive(Clone, Debug)]
pub struct Dependencies {
    /// RabbitMQ.
    pub broker: Dependency,
    /// PostgreSQL.
    pub database: DatabaseHealth,
}

/// The HTTP interface, of which each thread gets a clone.
#[derive(Clone)]
pub struct Application {
    event_publisher: web::Data<EventPublisher>,
    address_limit: web::Data<AddressLimit>,
    app: web::Data<pusher::App>,
    audit: web::Data<ReadAudit>,
    body_patience: BodyTimeout,
    broker: web::Data<Dependency>,
    channels: web::Data<Channels>,
    clock: web::Data<Clock>,
    database: web::Data<DatabaseHealth>,
    authenticator: web::Data<Authenticator>,
    portal_config: web::Data<PortalConfig>,
    readers: web::Data<Readers>,
    reads: web::Data<HistoryReader>,
    request_memory: RequestMemory,
    sender_limit: web::Data<SenderLimit>,
    cors_policy: CorsPolicy,
    portal: Portal,
    traces: web::Data<Traces>,
}

impl Application {
    /// Applies `config`; `authenticator` verifies the callers.
    pub fn new(
        config: &Config,
        authenticator: Authenticator,
        event_publisher: EventPublisher,
        reads: HistoryReader,
        readers: Readers,
        dependencies: Dependencies,
        traces: Traces,
    ) -> Self {
        let Dependencies { broker, database } = dependencies;
        let clock = web::Data::new(Clock::default());
        let portal_config =
            PortalConfig::new(&config.portal.pusher, &config.pusher, &config.channels);
        Self {
            audit: web::Data::new(ReadAudit::new(
                config.audit_reads,
                event_publisher.clone(),
                clock.clone(),
            )),
            event_publisher: web::Data::new(event_publisher),
            address_limit: web::Data::new(AddressLimit::new(&config.limits)),
            app: web::Data::new(config.pusher.clone()),
            body_patience: BodyTimeout(config.limits.client_timeout),
            broker: web::Data::new(broker),
            channels: web::Data::new(config.channels.clone()),
            clock,
            database: web::Data::new(database),
            authenticator: web::Data::new(authenticator),
            portal_config: web::Data::new(portal_config),
            readers: web::Data::new(readers),
            reads: web::Data::new(reads),
            request_memory: RequestMemory::new(config.limits.request_memory),
            sender_limit: web::Data::new(SenderLimit::new(&config.limits)),
            cors_policy: config.cors.clone(),
            portal: config.portal.clone(),
            traces: web::Data::new(traces),
        }
    }

    /// Every call, with what it works with.
    pub fn configure(&self, services: &mut web::ServiceConfig) {
        services
            .app_data(self.event_publisher.clone())
            .app_data(self.address_limit.clone())
            .app_data(self.app.clone())
            .app_data(self.audit.clone())
            .app_data(self.body_patience)
            .app_data(self.broker.clone())
            .app_data(self.channels.clone())
            .app_data(self.clock.clone())
            .app_data(self.database.clone())
            .app_data(self.authenticator.clone())
            .app_data(self.portal_config.clone())
            .app_data(self.readers.clone())
            .app_data(self.reads.clone())
            .app_data(self.request_memory.clone())
            .app_data(self.sender_limit.clone())
            .app_data(self.traces.clone());
        routes::configure(services, &self.cors_policy, &self.portal);
    }
}
