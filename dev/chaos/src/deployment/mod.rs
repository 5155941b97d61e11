//! The system of one drill: servers of its own, and two instances of each service.

mod queries;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use stack::{
    Clamd, FakeClock, Postgres, PostgresSettings, RabbitMq, RabbitMqSettings, Running, S3Server,
    Servers, Service, Supervisor, Variables, migrate, service_variables, set_pusher_variables,
};
use tokio::process::Command;

use crate::{
    amqp_proxy::AmqpProxy,
    plan::{Plan, Replication, Store},
    pusher::Pusher,
    s3_proxy::S3Proxy,
};

/// Instances of each service; a plan may have more persisters.
const INSTANCES: usize = 2;

/// Upper bound of the time of the drill's own queries.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// Events that local-pusher keeps until the drill has read them.
const KEPT_EVENTS: &str = "1000000";

/// The programs of a system.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The directory of the services' programs.
    pub binaries: PathBuf,
    /// A root file system whose RabbitMQ replaces the installed one.
    pub rabbitmq_root: Option<PathBuf>,
}

/// A whole system; a supervisor restarts each process that ends.
#[derive(Debug)]
pub struct Deployment {
    /// The database.
    pub postgres: Postgres,
    /// The standby of the database, if the plan has one.
    standby: Option<Postgres>,
    /// The nodes of the broker.
    pub rabbitmq: Vec<RabbitMq>,
    /// The proxy in front of the broker, if the plan has one.
    pub proxy: Option<AmqpProxy>,
    /// The gateways.
    pub gateways: Vec<Running>,
    /// The clock of each gateway, if the plan gives them clocks of their own.
    pub clocks: Vec<FakeClock>,
    /// The persisters.
    pub persisters: Vec<Running>,
    /// The broadcasters.
    pub broadcasters: Vec<Running>,
    /// The local-pusher.
    pub pusher: Pusher,
    /// The scanner of attachments, if the plan has one.
    pub clamd: Option<Clamd>,
    /// The proxy in front of the S3 server, if the plan has one.
    s3_proxy: Option<S3Proxy>,
    /// The variables of all services.
    variables: Variables,
    binaries: PathBuf,
    /// The supervisor's.
    directory: PathBuf,
    http: reqwest::Client,
}

impl Deployment {
    /// Starts an empty system, and waits until all of it is ready.
    ///
    /// # Errors
    /// When a part does not start; the supervisor still has to stop the others.
    pub async fn start(
        supervisor: &Supervisor,
        parts: &Parts,
        plan: &Plan,
    ) -> anyhow::Result<Self> {
        Servers::erase(supervisor)?;
        let (postgres, rabbitmq) = start_servers(supervisor, parts, plan).await?;
        let mut urls: Vec<_> = rabbitmq.iter().map(|node| node.url().to_owned()).collect();
        let mut proxy = None;
        if let (true, [url]) = (plan.proxied, urls.as_mut_slice()) {
            let started = AmqpProxy::start(url).await?;
            *url = started.url().to_owned();
            proxy = Some(started);
        }
        let standby = start_standby(supervisor, &postgres, plan).await?;
        let database_url = match &standby {
            Some(standby) => postgres.url_with_standby(standby)?,
            None => postgres.url().to_owned(),
        };
        let mut variables = service_variables(supervisor, &database_url, &urls.join(","))?;
        // Without tokens and rate limits: no fault is about them.
        variables.set("AUTH_MODE", "off");
        variables.set("TEAM_DESK", "on");
        for limit in ["SENDER_LIMIT", "STAFF_SENDER_LIMIT", "READER_LIMIT", "ADDRESS_LIMIT"] {
            variables.set(limit, "0");
        }
        let clamd = match plan.store {
            Store::Scanned => Some(Clamd::start(supervisor).await?),
            Store::Disk | Store::S3 => None,
        };
        if let Some(clamd) = &clamd {
            variables.set("CLAMD_ADDRESS", clamd.address().to_string());
        }
        let s3_proxy = match plan.store {
            Store::S3 => {
                let server = S3Server::start(supervisor).await?;
                Some(S3Proxy::start(server.address()).await?)
            }
            Store::Disk | Store::Scanned => None,
        };
        let settings = s3_proxy.iter().flat_map(|proxy| S3Server::settings(proxy.address()));
        for (name, value) in settings {
            variables.set(name, value);
        }
        migrate(supervisor, &parts.binaries, &variables).await?;

        let start = async |service: Service, variables: &Variables, name: &str, own: &Variables| {
            service.start(supervisor, &parts.binaries, name, variables, own).await
        };
        let mut kept = Variables::default();
        kept.set("LOCAL_PUSHER_ACCEPTED_EVENTS", KEPT_EVENTS);
        let pusher = start(Service::LocalPusher, &variables, "local-pusher", &kept).await?;
        set_pusher_variables(pusher.address, &mut variables);
        let http = reqwest::Client::builder().no_proxy().timeout(ANSWER_LIMIT).build()?;

        let mut deployment = Self {
            postgres,
            standby,
            rabbitmq,
            proxy,
            gateways: Vec::new(),
            clocks: Vec::new(),
            persisters: Vec::new(),
            broadcasters: Vec::new(),
            pusher: Pusher::new(pusher.address, http.clone()),
            clamd,
            s3_proxy,
            variables,
            binaries: parts.binaries.clone(),
            directory: supervisor.directory().to_owned(),
            http,
        };
        let mut own = Variables::default();
        for (name, value) in &plan.services {
            own.set(name, value);
        }
        for instance in 1..=INSTANCES {
            let mut own_of_gateway = own.clone();
            if plan.own_clocks {
                let file = supervisor.directory().join(format!("clock-{instance}"));
                let clock = FakeClock::new(file)?;
                clock.set_variables(&mut own_of_gateway);
                deployment.clocks.push(clock);
            }
            let start = async |service: Service, own: &Variables| {
                let name = format!("{}-{instance}", service.name());
                start(service, &deployment.variables, &name, own).await
            };
            let (gateway, persister, broadcaster) = tokio::try_join!(
                start(Service::Gateway, &own_of_gateway),
                start(Service::Persister, &own),
                start(Service::Broadcaster, &own),
            )?;
            deployment.gateways.push(gateway);
            deployment.persisters.push(persister);
            deployment.broadcasters.push(broadcaster);
        }
        for instance in INSTANCES + 1..=plan.persisters {
            let name = format!("{}-{instance}", Service::Persister.name());
            let persister = start(Service::Persister, &deployment.variables, &name, &own).await?;
            deployment.persisters.push(persister);
        }
        Ok(deployment)
    }

    /// The addresses of the gateways.
    pub fn gateway_addresses(&self) -> Vec<SocketAddr> {
        self.gateways.iter().map(|gateway| gateway.address).collect()
    }

    /// All gateways, persisters and broadcasters.
    pub fn services(&self) -> impl Iterator<Item = &Running> {
        self.gateways.iter().chain(&self.persisters).chain(&self.broadcasters)
    }

    /// The broker's URL, as the services know it.
    pub fn amqp_url(&self) -> &str {
        self.variables.get("AMQP_URL").unwrap_or_default()
    }

    /// The database's address, as the services know it.
    pub fn database_url(&self) -> &str {
        self.variables.get("DATABASE_URL").unwrap_or_default()
    }

    /// The standby of the database.
    ///
    /// # Errors
    /// When the plan has none.
    pub fn standby(&self) -> anyhow::Result<&Postgres> {
        self.standby.as_ref().context("the plan has no standby")
    }

    /// The proxy in front of the S3 server.
    ///
    /// # Errors
    /// When the plan has none.
    pub fn s3(&self) -> anyhow::Result<&S3Proxy> {
        self.s3_proxy.as_ref().context("the plan has no S3 server")
    }

    /// The directory of the servers' data and of all logs.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The directory of the attachments.
    pub fn attachment_directory(&self) -> PathBuf {
        PathBuf::from(self.variables.get("ATTACHMENT_STORE").unwrap_or_default())
    }

    /// The status and the body of an answer to a GET.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, url: &str) -> anyhow::Result<(u16, Vec<u8>)> {
        let answer = self.http.get(url).send().await?;
        Ok((answer.status().as_u16(), answer.bytes().await?.to_vec()))
    }

    /// A command of one of the services' programs.
    pub fn command(&self, service: Service, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.binaries.join(service.name()));
        command.args(arguments).env("AMQP_URL", self.amqp_url()).kill_on_drop(true);
        command
    }

    /// Sends a signal to PostgreSQL and to each of its processes.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub fn signal_postgres(&self, signal: Signal) -> anyhow::Result<()> {
        self.postgres.process().signal(signal);
        // The main process comes first, so that it forks no others after SIGSTOP.
        for pid in children(self.postgres.process().identity().pid())? {
            // A process may have ended meanwhile.
            kill(Pid::from_raw(pid), signal).ok();
        }
        Ok(())
    }
}

async fn start_servers(
    supervisor: &Supervisor,
    parts: &Parts,
    plan: &Plan,
) -> anyhow::Result<(Postgres, Vec<RabbitMq>)> {
    let further = plan.rabbitmq.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let postgres = PostgresSettings::default();
    let rabbitmq = RabbitMqSettings {
        further: further.collect(),
        root: parts.rabbitmq_root.clone(),
        ..Default::default()
    };
    tokio::try_join!(
        Postgres::start(supervisor, &postgres),
        RabbitMq::start_cluster(supervisor, plan.nodes, &rabbitmq),
    )
}

/// Starts the standby of the plan, if it has one.
async fn start_standby(
    supervisor: &Supervisor,
    postgres: &Postgres,
    plan: &Plan,
) -> anyhow::Result<Option<Postgres>> {
    let Some(replication) = plan.standby else { return Ok(None) };
    let standby = postgres.start_standby(supervisor, &PostgresSettings::default()).await?;
    if replication == Replication::Synchronous {
        postgres.replicate_synchronously().await?;
    }
    Ok(Some(standby))
}

/// The child processes of `parent`.
fn children(parent: i32) -> anyhow::Result<Vec<i32>> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))?;
    Ok(children.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
}
