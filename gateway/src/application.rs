//! What the calls have to work with, the same for each thread that answers them.

use actix_web::web;
use pusher::Channels;
use shared::service::health::Dependency;
use traces::Traces;

use crate::{
    answers::Answers,
    audit::ReadAudit,
    auth::Doors,
    clock::Clock,
    group_commit::Acceptor,
    http::{BodyPatience, Pages},
    limits::{AddressLimit, ReaderLimit, RequestMemory, SenderLimit},
    portal::{PortalConfig, PortalSettings},
    reads::{DatabaseHealth, Reads},
    routes,
    settings::Settings,
};

/// The HTTP interface, of which each thread gets a clone.
#[derive(Clone)]
pub struct Application {
    acceptor: web::Data<Acceptor>,
    address_limit: web::Data<AddressLimit>,
    answers: web::Data<Answers>,
    app: web::Data<pusher::App>,
    audit: web::Data<ReadAudit>,
    body_patience: BodyPatience,
    broker: web::Data<Dependency>,
    channels: web::Data<Channels>,
    clock: web::Data<Clock>,
    database: web::Data<DatabaseHealth>,
    doors: web::Data<Doors>,
    portal_config: web::Data<PortalConfig>,
    reader_limit: web::Data<ReaderLimit>,
    reads: web::Data<Reads>,
    request_memory: RequestMemory,
    sender_limit: web::Data<SenderLimit>,
    pages: Pages,
    portal: PortalSettings,
    traces: web::Data<Traces>,
}

/// What the calls that read work with.
pub struct Reading {
    /// Queries the database.
    pub reads: Reads,
    /// Bounds the memory of answers.
    pub answers: Answers,
    /// Whether the database answers.
    pub database: DatabaseHealth,
}

impl Application {
    /// As the settings want it, for those whom `doors` let in.
    ///
    /// # Errors
    /// When the settings for Pusher's channels are wrong, which their check says as well.
    pub fn new(
        settings: &Settings,
        doors: Doors,
        acceptor: Acceptor,
        reading: Reading,
        broker: Dependency,
        traces: Traces,
    ) -> anyhow::Result<Self> {
        let Reading { reads, answers, database } = reading;
        let clock = web::Data::new(Clock::default());
        let channels = settings.channels.channels().map_err(anyhow::Error::msg)?;
        let portal_config = PortalConfig::new(&settings.portal, &settings.pusher, &channels);
        Ok(Self {
            audit: web::Data::new(ReadAudit::new(
                settings.audit_reads,
                acceptor.clone(),
                clock.clone(),
            )),
            acceptor: web::Data::new(acceptor),
            address_limit: web::Data::new(AddressLimit::new(&settings.limits)),
            answers: web::Data::new(answers),
            app: web::Data::new(settings.pusher.clone()),
            body_patience: BodyPatience(settings.limits.client_timeout),
            broker: web::Data::new(broker),
            channels: web::Data::new(channels),
            clock,
            database: web::Data::new(database),
            doors: web::Data::new(doors),
            portal_config: web::Data::new(portal_config),
            reader_limit: web::Data::new(ReaderLimit::new(&settings.limits)),
            reads: web::Data::new(reads),
            request_memory: RequestMemory::new(settings.limits.request_memory),
            sender_limit: web::Data::new(SenderLimit::new(&settings.limits)),
            pages: Pages {
                origins: settings.cors_origins.clone(),
                headers: settings.cors_headers.clone(),
            },
            portal: settings.portal.clone(),
            traces: web::Data::new(traces),
        })
    }

    /// Every call, with what it works with.
    pub fn configure(&self, services: &mut web::ServiceConfig) {
        services
            .app_data(self.acceptor.clone())
            .app_data(self.address_limit.clone())
            .app_data(self.answers.clone())
            .app_data(self.app.clone())
            .app_data(self.audit.clone())
            .app_data(self.body_patience)
            .app_data(self.broker.clone())
            .app_data(self.channels.clone())
            .app_data(self.clock.clone())
            .app_data(self.database.clone())
            .app_data(self.doors.clone())
            .app_data(self.portal_config.clone())
            .app_data(self.reader_limit.clone())
            .app_data(self.reads.clone())
            .app_data(self.request_memory.clone())
            .app_data(self.sender_limit.clone())
            .app_data(self.traces.clone());
        routes::configure(services, &self.pages, &self.portal);
    }
}
