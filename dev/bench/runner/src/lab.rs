//! A private system for one row, of production's programs with production's settings, and the
//! contenders beside it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};
use broker::{BrokerSettings, Partition, Publisher};
use clap::Parser;
use serde::Deserialize;
use stack::{
    Console, Probe, Program, Running, Servers, Service, Supervisor, Variables, migrate,
    service_variables, set_pusher_variables,
};
use tokio::process::Command;
use tokio_postgres::{Client, NoTls};

use crate::{contender::Contender, scale::Scale};

/// Limits that no load here reaches; that they are counted is what costs.
const NO_LIMIT: &str = "4000000000";

const CONTENDER_LIMIT: Duration = Duration::from_secs(30);

/// Where things are that a lab is built of.
#[derive(Clone, Debug)]
pub struct Place {
    /// The programs of the services and of the contenders.
    pub binaries: PathBuf,
    /// Where everything is kept.
    pub directory: PathBuf,
    /// How much is measured.
    pub scale: Scale,
}

/// Servers, and what is told to who uses them.
pub struct Lab {
    /// PostgreSQL and RabbitMQ.
    pub servers: Servers,
    /// What the services are told.
    pub variables: Variables,
    /// The bearer of this is staff.
    pub token: String,
    local_pusher: Running,
    supervisor: Supervisor,
    binaries: PathBuf,
}

impl Lab {
    /// Starts servers without any data, a migrated database, and what stands in for Pusher.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn new(place: &Place) -> anyhow::Result<Self> {
        let supervisor = take(&place.directory.join("lab")).await?;
        Servers::erase(&supervisor)?;
        Self::start(place, supervisor).await
    }

    /// The same, but that the data of the last time is there: a large database takes minutes to
    /// make.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn kept(place: &Place) -> anyhow::Result<Self> {
        let name = format!("large-{}", place.scale.large);
        Self::start(place, take(&place.directory.join(name)).await?).await
    }

    async fn start(place: &Place, supervisor: Supervisor) -> anyhow::Result<Self> {
        let servers = Servers::start(&supervisor, &Default::default()).await?;
        let (database, broker) = (servers.postgres.url(), servers.rabbitmq.url());
        let mut variables = service_variables(&supervisor, database, broker)?;
        let senders = ["SENDER_LIMIT", "SENDER_BURST", "STAFF_SENDER_LIMIT", "STAFF_SENDER_BURST"];
        let readers = ["READER_LIMIT", "READER_BURST"];
        let addresses = ["ADDRESS_LIMIT", "ADDRESS_BURST", "ADDRESS_CONNECTIONS"];
        for limit in [&senders[..], &readers, &addresses].concat() {
            variables.set(limit, NO_LIMIT);
        }
        // As many connections as row 8 opens.
        variables.set("MAX_CONNECTIONS", "20000");
        variables.set("MEMORY_LIMIT", "2GiB");
        let binaries = place.binaries.clone();
        migrate(&supervisor, &binaries, &variables).await?;
        let none = Variables::default();
        let pusher = Service::LocalPusher;
        let local_pusher =
            pusher.start(&supervisor, &binaries, pusher.name(), &variables, &none).await?;
        set_pusher_variables(local_pusher.address, &mut variables);
        let token = token(&binaries, &variables).await?;
        Ok(Self { servers, variables, token, local_pusher, supervisor, binaries })
    }

    /// Starts a service with the usual settings.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn service(&self, service: Service) -> anyhow::Result<Running> {
        self.service_with(service, &Variables::default()).await
    }

    /// Starts a service with settings of its own.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn service_with(&self, service: Service, own: &Variables) -> anyhow::Result<Running> {
        service.start(&self.supervisor, &self.binaries, service.name(), &self.variables, own).await
    }

    /// Starts a program that the system is held against, and waits until it listens.
    ///
    /// # Errors
    /// When it does not.
    pub async fn contender(
        &self,
        contender: Contender,
        own: &[(&str, &str)],
    ) -> anyhow::Result<Serving> {
        let name = contender.name();
        let kept = format!("{}_PORT", name.to_uppercase().replace('-', "_"));
        let [port] = self.supervisor.kept().ports([&kept], false)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut program = Program::new(name, contender.program(&self.binaries));
        program.command.args(contender.arguments()).envs(self.variables.iter());
        program.command.env("BENCH_LISTEN", address.to_string()).env("PORT", port.to_string());
        program.command.envs(own.iter().copied());
        let process = self.supervisor.start(program)?;
        process.ready(&Probe::Tcp(address), CONTENDER_LIMIT).await?;
        Ok(Serving { process, address })
    }

    /// Runs a program that the system is held against until it ends, and says how many a second it
    /// did.
    ///
    /// # Errors
    /// When it fails.
    pub async fn result(&self, contender: Contender, own: &[(&str, &str)]) -> anyhow::Result<f64> {
        let mut command = Command::new(contender.program(&self.binaries));
        command.args(contender.arguments()).envs(self.variables.iter());
        command.envs(own.iter().copied()).kill_on_drop(true);
        let output = command.output().await.with_context(|| contender.name())?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}: {errors}", contender.name());
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Line {
            per_second: f64,
        }
        Ok(serde_json::from_slice::<Line>(&output.stdout)?.per_second)
    }

    /// Makes an empty database beside the system's, and gives its address.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn empty_database(&self, name: &str) -> anyhow::Result<String> {
        let client = connect(self.servers.postgres.url()).await?;
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        client.batch_execute(&format!("CREATE DATABASE {name}")).await?;
        self.database_url(name)
    }

    /// The same, migrated.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn migrated_database(&self, name: &str) -> anyhow::Result<String> {
        let url = self.empty_database(name).await?;
        let mut variables = self.variables.clone();
        variables.set("DATABASE_URL", url.as_str());
        migrate(&self.supervisor, &self.binaries, &variables).await?;
        Ok(url)
    }

    /// The address of a database beside the system's.
    ///
    /// # Errors
    /// When the system's has none that it could be made from.
    pub fn database_url(&self, name: &str) -> anyhow::Result<String> {
        let (server, _) = self.servers.postgres.url().rsplit_once('/').context("no database")?;
        Ok(format!("{server}/{name}"))
    }

    /// The system's database.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn database(&self) -> anyhow::Result<Client> {
        connect(self.servers.postgres.url()).await
    }

    /// A publisher as the services have it.
    ///
    /// # Errors
    /// When RabbitMQ cannot be used.
    pub async fn publisher(&self) -> anyhow::Result<Publisher> {
        #[derive(Parser)]
        struct Options {
            #[command(flatten)]
            broker: BrokerSettings,
        }
        let url = self.servers.rabbitmq.url();
        let Options { broker } = Options::try_parse_from(["bench", "--amqp-url", url])?;
        Ok(Publisher::connect(&broker, Partition::FIRST, "bench").await?)
    }

    /// Throws away what waits in both queues.
    ///
    /// # Errors
    /// When RabbitMQ refuses.
    pub async fn purge(&self) -> anyhow::Result<()> {
        for queue in ["chat.persist", "chat.broadcast"] {
            self.servers.rabbitmq.control(&["purge_queue", queue]).await?;
        }
        Ok(())
    }

    /// What stands in for Pusher.
    pub fn pusher(&self) -> &Running {
        &self.local_pusher
    }

    /// Ends everything.
    pub async fn close(self) {
        self.supervisor.stop().await;
    }
}

/// A contender that listens.
pub struct Serving {
    /// Its process.
    pub process: std::sync::Arc<stack::Process>,
    /// Where it listens.
    pub address: SocketAddr,
}

/// A connection to a database.
///
/// # Errors
/// When it does not answer.
pub async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // How it ends, whoever asks over it is told.
    tokio::spawn(async move { connection.await.unwrap_or_default() });
    Ok(client)
}

async fn take(directory: &Path) -> anyhow::Result<Supervisor> {
    Supervisor::take(directory, Console::Errors).await
}

async fn token(binaries: &Path, variables: &Variables) -> anyhow::Result<String> {
    let output = Command::new(binaries.join("gateway"))
        .args(["token", "--role", "staff", "--subject", "ada", "--expires-in", "24h"])
        .envs(variables.iter())
        .output()
        .await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
