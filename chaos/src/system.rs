//! The system of one drill: everything is its own, and there are two of every service.

use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::Context;
use nix::{sys::signal::Signal, unistd::Pid};
use shared::broker::{Names, Worker};
use stack::{
    Postgres, PostgresSettings, RabbitMq, RabbitMqSettings, Running, Servers, Service, Supervisor,
    Variables, migrate, service_variables, tell_pusher,
};
use tokio::{process::Command, time::timeout};
use tokio_postgres::NoTls;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::{clock::Clock, plan::Plan, proxy::Proxy, pusher::Pusher};

/// Of every service.
const INSTANCES: usize = 2;

/// Time for the drill's own questions.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// Events that local-pusher keeps until the drill has seen them.
const KEPT_EVENTS: &str = "1000000";

/// What a system is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Where the services' programs are.
    pub binaries: PathBuf,
    /// A root file system whose RabbitMQ is used instead of the installed one.
    pub rabbitmq_root: Option<PathBuf>,
}

/// A whole system, of which everything is started again when it ends.
#[derive(Debug)]
pub struct System {
    /// The database.
    pub postgres: Postgres,
    /// The broker, a node or several.
    pub rabbitmq: Vec<RabbitMq>,
    /// The way to the broker that can be cut, if there is one.
    pub proxy: Option<Proxy>,
    /// The gateways, which the clients take turns with.
    pub gateways: Vec<Running>,
    /// The clock of each gateway, if they have clocks of their own.
    pub clocks: Vec<Clock>,
    /// The persisters.
    pub persisters: Vec<Running>,
    /// The broadcasters.
    pub broadcasters: Vec<Running>,
    /// Pusher.
    pub pusher: Pusher,
    /// What its programs are told.
    variables: Variables,
    binaries: PathBuf,
    logs: PathBuf,
}

/// A connection to the database.
pub struct Database {
    client: tokio_postgres::Client,
    _connection: AbortOnDropHandle<()>,
}

impl std::ops::Deref for Database {
    type Target = tokio_postgres::Client;

    fn deref(&self) -> &Self::Target {
        &self.client
    }
}

impl System {
    /// Starts an empty system and waits until all of it is ready.
    ///
    /// # Errors
    /// When something does not start; the rest may run then, until the supervisor stops it.
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
            let stands = Proxy::stand_before(url).await?;
            *url = stands.url().to_owned();
            proxy = Some(stands);
        }
        let mut variables = service_variables(supervisor, postgres.url(), &urls.join(","))?;
        migrate(supervisor, &parts.binaries, &variables).await?;

        let start = async |service: Service, variables: &Variables, name: &str, own: &Variables| {
            service.start(supervisor, &parts.binaries, name, variables, own).await
        };
        let mut kept = Variables::default();
        kept.set("LOCAL_PUSHER_ACCEPTED_EVENTS", KEPT_EVENTS);
        let pusher = start(Service::LocalPusher, &variables, "local-pusher", &kept).await?;
        tell_pusher(pusher.address, &mut variables);
        let http = reqwest::Client::builder().no_proxy().timeout(ANSWER_LIMIT).build()?;

        let mut system = Self {
            postgres,
            rabbitmq,
            proxy,
            gateways: Vec::new(),
            clocks: Vec::new(),
            persisters: Vec::new(),
            broadcasters: Vec::new(),
            pusher: Pusher::follow(pusher.address, http),
            variables,
            binaries: parts.binaries.clone(),
            logs: supervisor.directory().join("logs"),
        };
        let mut own = Variables::default();
        for (name, value) in &plan.services {
            own.set(name, value);
        }
        for instance in 1..=INSTANCES {
            let mut own_of_gateway = own.clone();
            if plan.own_clocks {
                let file = supervisor.directory().join(format!("clock-{instance}"));
                let clock = Clock::new(file)?;
                clock.tell(&mut own_of_gateway);
                system.clocks.push(clock);
            }
            let start = async |service: Service, own: &Variables| {
                let name = format!("{}-{instance}", service.name());
                start(service, &system.variables, &name, own).await
            };
            let (gateway, persister, broadcaster) = tokio::try_join!(
                start(Service::Gateway, &own_of_gateway),
                start(Service::Persister, &own),
                start(Service::Broadcaster, &own),
            )?;
            system.gateways.push(gateway);
            system.persisters.push(persister);
            system.broadcasters.push(broadcaster);
        }
        Ok(system)
    }

    /// Which servers these are, by name and version.
    ///
    /// # Errors
    /// When one does not say.
    pub async fn versions(&self) -> anyhow::Result<String> {
        let postgres = self.postgres.version().await?;
        let postgres = postgres.split(' ').next().unwrap_or_default();
        let rabbitmq = self.rabbitmq.first().context("there is no broker")?.version().await?;
        Ok(format!("RabbitMQ {rabbitmq} and PostgreSQL {postgres}"))
    }

    /// Where the gateways listen.
    pub fn gateway_addresses(&self) -> Vec<SocketAddr> {
        self.gateways.iter().map(|gateway| gateway.address).collect()
    }

    /// Every service but Pusher.
    pub fn services(&self) -> impl Iterator<Item = &Running> {
        self.gateways.iter().chain(&self.persisters).chain(&self.broadcasters)
    }

    /// Connects to the database as the services do.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn database(&self) -> anyhow::Result<Database> {
        let connect = tokio_postgres::connect(self.postgres.url(), NoTls);
        let (client, connection) =
            timeout(ANSWER_LIMIT, connect).await.context("PostgreSQL does not answer")??;
        // How it ends, whoever asks over it is told.
        let connection = tokio::spawn(async move { connection.await.unwrap_or_default() });
        Ok(Database { client, _connection: AbortOnDropHandle::new(connection) })
    }

    /// How many messages and changes are persisted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rows(&self) -> anyhow::Result<u64> {
        let count = "SELECT (SELECT count(*) FROM chat_messages) \
                     + (SELECT count(*) FROM chat_status_changes)";
        let database = self.database().await?;
        let row = timeout(ANSWER_LIMIT, database.query_one(count, &[])).await??;
        Ok(u64::try_from(row.try_get::<_, i64>(0)?)?)
    }

    /// Whether all of these messages and changes are persisted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn has_persisted(&self, ids: &[Uuid]) -> anyhow::Result<bool> {
        let count = "SELECT (SELECT count(*) FROM chat_messages WHERE id = ANY($1)) \
                     + (SELECT count(*) FROM chat_status_changes WHERE id = ANY($1))";
        let database = self.database().await?;
        let row = timeout(ANSWER_LIMIT, database.query_one(count, &[&ids])).await??;
        Ok(usize::try_from(row.try_get::<_, i64>(0)?)? == ids.len())
    }

    /// The address of the broker, as the services have it.
    pub fn amqp_url(&self) -> &str {
        self.variables.get("AMQP_URL").unwrap_or_default()
    }

    /// A command of one of the services' programs.
    pub fn command(&self, service: Service, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.binaries.join(service.name()));
        command.args(arguments).env("AMQP_URL", self.amqp_url()).kill_on_drop(true);
        command
    }

    /// Whether RabbitMQ wrote `words` to its log.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn rabbitmq_wrote(&self, words: &str) -> anyhow::Result<bool> {
        Ok(fs::read_to_string(self.logs.join("rabbitmq.log"))?.contains(words))
    }

    /// Sends a signal to PostgreSQL and to each of its processes.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub fn signal_postgres(&self, signal: Signal) -> anyhow::Result<()> {
        let first = self.postgres.process().identity().pid();
        // The first one comes last when they are halted, so that it makes no others meanwhile.
        for pid in children(first)?.into_iter().chain([first]) {
            // One that has just ended needs no signal.
            nix::sys::signal::kill(Pid::from_raw(pid), signal).ok();
        }
        Ok(())
    }

    /// The longest that it took from the acceptance of a message until it was persisted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn longest_way_to_the_database(&self) -> anyhow::Result<Duration> {
        let longest = "SELECT coalesce(extract(epoch FROM max(persisted_at - accepted_at)), 0)::float8 \
                       FROM chat_messages";
        let row = self.database().await?.query_one(longest, &[]).await?;
        Ok(Duration::from_secs_f64(row.try_get::<_, f64>(0)?.max(0.0)))
    }

    /// How many dead letters the persister and the broadcaster have.
    ///
    /// # Errors
    /// When no node of the broker answers, or there is no such queue.
    pub async fn dead_letters(&self) -> anyhow::Result<[u64; 2]> {
        self.depths(|names, worker| names.dead_letters(worker)).await
    }

    /// How many bodies the persister and the broadcaster still have to deal with.
    ///
    /// # Errors
    /// When no node of the broker answers, or there is no such queue.
    pub async fn waiting(&self) -> anyhow::Result<[u64; 2]> {
        self.depths(|names, worker| names.queue(worker)).await
    }

    /// How many bodies a queue of each worker holds, with those that a worker has and has not
    /// acknowledged.
    async fn depths(&self, queue: fn(&Names, Worker) -> String) -> anyhow::Result<[u64; 2]> {
        const LIST: [&str; 5] =
            ["list_queues", "--quiet", "--no-table-headers", "name", "messages"];
        let mut answer = Err(anyhow::anyhow!("there is no broker"));
        for node in &self.rabbitmq {
            answer = node.control(&LIST).await;
            if answer.is_ok() {
                break;
            }
        }
        let (table, names) = (answer?, Names::new("chat"));
        let [persister, broadcaster] = Worker::ALL.map(|worker| queue(&names, worker));
        Ok([depth_in(&table, &persister)?, depth_in(&table, &broadcaster)?])
    }
}

async fn start_servers(
    supervisor: &Supervisor,
    parts: &Parts,
    plan: &Plan,
) -> anyhow::Result<(Postgres, Vec<RabbitMq>)> {
    let own = |settings: &[(&str, String)]| {
        settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    };
    let postgres = PostgresSettings { further: own(&plan.postgres), ..Default::default() };
    let rabbitmq = RabbitMqSettings {
        further: own(&plan.rabbitmq),
        root: parts.rabbitmq_root.clone(),
        ..Default::default()
    };
    tokio::try_join!(
        Postgres::start(supervisor, &postgres),
        RabbitMq::start_cluster(supervisor, plan.nodes, &rabbitmq),
    )
}

/// The processes that the process `parent` started.
fn children(parent: i32) -> anyhow::Result<Vec<i32>> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))?;
    Ok(children.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
}

/// The number beside `queue` in RabbitMQ's table of names and numbers.
fn depth_in(table: &str, queue: &str) -> anyhow::Result<u64> {
    let line = table.lines().find_map(|line| line.split_once('\t').filter(|it| it.0 == queue));
    let (_, depth) = line.with_context(|| format!("there is no queue {queue}"))?;
    Ok(depth.trim().parse()?)
}
