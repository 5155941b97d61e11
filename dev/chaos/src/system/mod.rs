//! The system of one drill: everything is its own, and there are two of every service.

mod questions;

use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use stack::{
    Postgres, PostgresSettings, RabbitMq, RabbitMqSettings, Running, Servers, Service, Supervisor,
    Variables, migrate, service_variables, set_pusher_variables,
};
use tokio::process::Command;

use crate::{clock::Clock, plan::Plan, proxy::Proxy, pusher::Pusher};

/// Of every service.
const INSTANCES: usize = 2;

/// Time for an answer to the drill's own questions.
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
    http: reqwest::Client,
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
        // Who may do what, and how much of it, is no question of faults.
        variables.set("AUTH_MODE", "off");
        for limit in ["SENDER_LIMIT", "STAFF_SENDER_LIMIT", "READER_LIMIT", "ADDRESS_LIMIT"] {
            variables.set(limit, "0");
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

        let mut system = Self {
            postgres,
            rabbitmq,
            proxy,
            gateways: Vec::new(),
            clocks: Vec::new(),
            persisters: Vec::new(),
            broadcasters: Vec::new(),
            pusher: Pusher::follow(pusher.address, http.clone()),
            variables,
            binaries: parts.binaries.clone(),
            logs: supervisor.directory().join("logs"),
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

    /// Where the gateways listen.
    pub fn gateway_addresses(&self) -> Vec<SocketAddr> {
        self.gateways.iter().map(|gateway| gateway.address).collect()
    }

    /// Every service but Pusher.
    pub fn services(&self) -> impl Iterator<Item = &Running> {
        self.gateways.iter().chain(&self.persisters).chain(&self.broadcasters)
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

    /// Sends a signal to PostgreSQL and to each of its processes.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub fn signal_postgres(&self, signal: Signal) -> anyhow::Result<()> {
        self.postgres.process().signal(signal);
        // It makes no others any more when it was the first to be halted.
        for pid in children(self.postgres.process().identity().pid())? {
            // One that has just ended needs no signal.
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
