//! A private system for one row, with the settings of production, and the reference programs.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};
use broker::{BrokerSettings, Partition, Publisher};
use clap::Parser;
use serde::Deserialize;
use stack::{
    Console, PostgresSettings, Probe, Program, Running, ServerSettings, Servers, Service,
    Supervisor, Variables, migrate, service_variables, set_pusher_variables,
};
use tokio::process::Command;
use tokio_postgres::{Client, NoTls};

use crate::{reference::Reference, scale::Scale};

/// Rate limits above every load, so that only their cost is measured.
const NO_LIMIT: &str = "4000000000";

/// `shared_buffers` of a large database: a quarter of 4 GiB, as PostgreSQL's documentation
/// recommends.
const LARGE_DATABASE_MEMORY: &str = "1GB";

const START_LIMIT: Duration = Duration::from_secs(30);

/// The inputs of a measurement.
#[derive(Clone, Debug)]
pub struct Run {
    /// The directory of the programs.
    pub binaries: PathBuf,
    /// The directory of the programs of an earlier release, with which row 13 compares.
    pub earlier: PathBuf,
    /// The directory of the servers' data.
    pub directory: PathBuf,
    /// The size of the measurement.
    pub scale: Scale,
}

/// Servers, and the variables of the programs that use them.
pub struct Testbed {
    /// PostgreSQL and RabbitMQ.
    pub servers: Servers,
    /// The variables of the services.
    pub variables: Variables,
    /// A token of staff.
    pub token: String,
    local_pusher: Running,
    supervisor: Supervisor,
    binaries: PathBuf,
}

impl Testbed {
    /// Starts servers with an empty, migrated database, and a local-pusher.
    ///
    /// # Errors
    /// When a program does not start.
    pub async fn new(run: &Run) -> anyhow::Result<Self> {
        let supervisor = take(&run.directory.join("testbed")).await?;
        Servers::erase(&supervisor)?;
        Self::start(run, supervisor, PostgresSettings::default()).await
    }

    /// Starts servers with the database of the last run: a large one takes minutes to create. It has
    /// [`LARGE_DATABASE_MEMORY`].
    ///
    /// # Errors
    /// When a program does not start.
    pub async fn kept(run: &Run) -> anyhow::Result<Self> {
        let directory = run.directory.join(format!("large-{}", run.scale.large));
        let supervisor = take(&directory).await?;
        // The queues of a run that failed are not this run's.
        match fs::remove_dir_all(directory.join("rabbitmq")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let memory = ("shared_buffers".to_owned(), LARGE_DATABASE_MEMORY.to_owned());
        let postgres = PostgresSettings { further: vec![memory], ..Default::default() };
        Self::start(run, supervisor, postgres).await
    }

    async fn start(
        run: &Run,
        supervisor: Supervisor,
        postgres: PostgresSettings,
    ) -> anyhow::Result<Self> {
        let settings = ServerSettings { postgres, ..Default::default() };
        let servers = Servers::start(&supervisor, &settings).await?;
        let (database, broker) = (servers.postgres.url(), servers.rabbitmq.url());
        let mut variables = service_variables(&supervisor, database, broker)?;
        let senders = ["SENDER_LIMIT", "SENDER_BURST", "STAFF_SENDER_LIMIT", "STAFF_SENDER_BURST"];
        let readers = ["READER_LIMIT", "READER_BURST"];
        let addresses = ["ADDRESS_LIMIT", "ADDRESS_BURST", "ADDRESS_CONNECTIONS"];
        for limit in [&senders[..], &readers, &addresses].concat() {
            variables.set(limit, NO_LIMIT);
        }
        // The reference programs have no such features. A row that measures one turns it on.
        for feature in ["READ_MARKS", "TEAM_DESK", "ASSIGN_ON_REPLY"] {
            variables.set(feature, "off");
        }
        variables.set("ATTACHMENT_STORE", "");
        // As many connections as row 8 opens.
        variables.set("MAX_CONNECTIONS", "20000");
        variables.set("MEMORY_LIMIT", "2GiB");
        let binaries = run.binaries.clone();
        migrate(&supervisor, &binaries, &variables).await?;
        let none = Variables::default();
        let pusher = Service::LocalPusher;
        let local_pusher =
            pusher.start(&supervisor, &binaries, pusher.name(), &variables, &none).await?;
        set_pusher_variables(local_pusher.address, &mut variables);
        let token = token(&binaries, &variables).await?;
        Ok(Self { servers, variables, token, local_pusher, supervisor, binaries })
    }

    /// Starts a service with the shared settings.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn service(&self, service: Service) -> anyhow::Result<Running> {
        self.service_with(service, &Variables::default()).await
    }

    /// Starts a service with further settings.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn service_with(&self, service: Service, own: &Variables) -> anyhow::Result<Running> {
        service.start(&self.supervisor, &self.binaries, service.name(), &self.variables, own).await
    }

    /// Starts a reference program, and waits until it listens.
    ///
    /// # Errors
    /// When it does not.
    pub async fn reference(
        &self,
        reference: Reference,
        own: &[(&str, &str)],
    ) -> anyhow::Result<RunningReference> {
        let name = reference.name();
        let kept = format!("{}_PORT", name.to_uppercase().replace('-', "_"));
        let [port] = self.supervisor.kept().ports([&kept], false)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut program = Program::new(name, reference.program(&self.binaries));
        program.command.args(reference.arguments()).envs(self.variables.iter());
        program.command.env("BENCH_LISTEN", address.to_string()).env("PORT", port.to_string());
        program.command.envs(own.iter().copied());
        let process = self.supervisor.start(program)?;
        process.ready(&Probe::Tcp(address), START_LIMIT).await?;
        Ok(RunningReference { process, address })
    }

    /// Runs a reference program until it ends, and returns its rate a second.
    ///
    /// # Errors
    /// When it fails.
    pub async fn rate(&self, reference: Reference, own: &[(&str, &str)]) -> anyhow::Result<f64> {
        let mut command = Command::new(reference.program(&self.binaries));
        command.args(reference.arguments()).envs(self.variables.iter());
        command.envs(own.iter().copied()).kill_on_drop(true);
        let output = command.output().await.with_context(|| reference.name())?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}: {errors}", reference.name());
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Line {
            per_second: f64,
        }
        Ok(serde_json::from_slice::<Line>(&output.stdout)?.per_second)
    }

    /// Creates an empty database beside the system's, and returns its URL.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn empty_database(&self, name: &str) -> anyhow::Result<String> {
        let client = connect(self.servers.postgres.url()).await?;
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        client.batch_execute(&format!("CREATE DATABASE {name}")).await?;
        self.database_url(name)
    }

    /// Creates a migrated database beside the system's, and returns its URL.
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

    /// Copies the system's database, unless that was done in an earlier run, and returns the copy's
    /// URL.
    ///
    /// # Errors
    /// When PostgreSQL refuses, for example since the database is in use.
    pub async fn copied_database(&self, name: &str) -> anyhow::Result<String> {
        let client = connect(&self.database_url("postgres")?).await?;
        let exists = "SELECT FROM pg_database WHERE datname = $1";
        if client.query_opt(exists, &[&name]).await?.is_none() {
            let url = self.servers.postgres.url();
            let (_, system) = url.rsplit_once('/').context("no database")?;
            client
                .batch_execute(&format!(
                    "CREATE DATABASE {name} TEMPLATE {system} STRATEGY file_copy"
                ))
                .await?;
        }
        self.database_url(name)
    }

    /// The URL of a database beside the system's.
    ///
    /// # Errors
    /// When the system's URL names no database.
    pub fn database_url(&self, name: &str) -> anyhow::Result<String> {
        let (server, _) = self.servers.postgres.url().rsplit_once('/').context("no database")?;
        Ok(format!("{server}/{name}"))
    }

    /// A connection to the system's database.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn database(&self) -> anyhow::Result<Client> {
        connect(self.servers.postgres.url()).await
    }

    /// A publisher of the services' kind.
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

    /// Purges both queues.
    ///
    /// # Errors
    /// When RabbitMQ refuses.
    pub async fn purge(&self) -> anyhow::Result<()> {
        for queue in ["chat.persist", "chat.broadcast"] {
            self.servers.rabbitmq.control(&["purge_queue", queue]).await?;
        }
        Ok(())
    }

    /// The local-pusher.
    pub fn pusher(&self) -> &Running {
        &self.local_pusher
    }

    /// Stops all programs.
    pub async fn close(self) {
        self.supervisor.stop().await;
    }
}

/// A reference program that listens.
pub struct RunningReference {
    /// Its process.
    pub process: std::sync::Arc<stack::Process>,
    /// Its address.
    pub address: SocketAddr,
}

/// A connection to a database.
///
/// # Errors
/// When it does not answer.
pub async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // A query over a broken connection returns the error.
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
