mod account;
mod installation;
mod pgbouncer;
mod role;
mod standby;

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use nix::sys::signal::Signal;
use tokio_postgres::{Client, NoTls};

use self::{account::Account, installation::Installation};
pub use self::{
    pgbouncer::{PgBouncer, PgBouncerSettings},
    role::DatabaseRole,
};
use crate::{Output, Probe, Process, Program, Rank, Supervisor, kept, ports::on_free_ports};

/// The name of the server's process.
const NAME: &str = "postgres";
/// The database of the system.
const DATABASE: &str = "chat";
/// Creates the users of [`DatabaseRole`].
const CREATE_USERS: &str = include_str!("../../../../deploy/database/users.sql");
/// Every new database is a copy of it, so that the users may use each.
const TEMPLATE: &str = "template1";
/// The fast way to stop: clients are disconnected, and no data are lost.
const STOP_SIGNAL: Signal = Signal::SIGINT;
const INITDB_LIMIT: Duration = Duration::from_secs(120);
/// Includes recovery after a crash.
const READY_LIMIT: Duration = Duration::from_secs(120);

/// The settings of a private PostgreSQL.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// The number of connections that it accepts at once.
    pub max_connections: u32,
    /// Further settings of `postgresql.conf`.
    pub further: Vec<(String, String)>,
    /// Files that only PostgreSQL may read, with their names in the parent of its data directory,
    /// such as the key of `ssl_key_file=../key.pem`.
    pub files: Vec<(String, String)>,
}

impl Default for PostgresSettings {
    fn default() -> Self {
        Self { max_connections: 300, further: Vec::new(), files: Vec::new() }
    }
}

/// A private PostgreSQL on the loopback address, with its own password, and with its data in
/// `postgres/data` of the supervisor's directory.
#[derive(Debug)]
pub struct Postgres {
    process: Arc<Process>,
    config: tokio_postgres::Config,
    url: String,
}

impl Postgres {
    /// Starts PostgreSQL, after initdb if there are no data, and waits until it answers.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, does not start or does not become ready.
    pub async fn start(
        supervisor: &Supervisor,
        settings: &PostgresSettings,
    ) -> anyhow::Result<Self> {
        let home = supervisor.directory().join(NAME);
        let account = Account::for_directory(&home)?;
        let installation = Installation::find(&home.join("data"))?;
        let user = supervisor.kept().value("POSTGRES_USER", kept::name)?;
        let password = supervisor.kept().value("POSTGRES_PASSWORD", kept::secret)?;
        let cluster = Cluster {
            name: NAME,
            supervisor,
            settings,
            home: &home,
            account,
            installation,
            user,
            password,
        };
        cluster.initialize().await?;
        for (name, text) in &settings.files {
            cluster.account.write(&home.join(name), text)?;
        }
        let postgres =
            on_free_ports(supervisor, ["POSTGRES_PORT"], async |[port]| cluster.start(port).await)
                .await?;
        postgres.create_database().await?;
        Ok(postgres)
    }

    /// The address of the database: `postgres://user:password@127.0.0.1:port/chat`. The user may
    /// create further databases.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process of the server.
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// Waits until it answers, such as after a restart.
    ///
    /// # Errors
    /// When it does not within two minutes, or has ended for good.
    pub async fn ready(&self) -> anyhow::Result<()> {
        let probe = Probe::Postgres(Box::new(self.config.clone()));
        self.process.ready(&probe, READY_LIMIT).await
    }

    /// Its version, such as `17.2 (Debian 17.2-1)`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn version(&self) -> anyhow::Result<String> {
        let version =
            self.ask(async |client| client.query_one("SHOW server_version", &[]).await?.try_get(0));
        version.await.context("cannot ask PostgreSQL for its version")
    }

    async fn create_database(&self) -> anyhow::Result<()> {
        self.create_users(TEMPLATE).await?;
        let made = self.ask(async |client| {
            let exists = "SELECT FROM pg_database WHERE datname = $1";
            if client.query_opt(exists, &[&DATABASE]).await?.is_none() {
                client.batch_execute(&format!("CREATE DATABASE {DATABASE}")).await?;
            }
            Ok(())
        });
        made.await.context("cannot create the database")?;
        self.create_users(DATABASE).await
    }

    /// Creates the users of [`DatabaseRole`], and lets them use `database`.
    async fn create_users(&self, database: &str) -> anyhow::Result<()> {
        let password = self.config.get_password().map(String::from_utf8_lossy).unwrap_or_default();
        let settings =
            DatabaseRole::ALL.map(|role| format!("-c {}={password}", role.password_setting()));
        let mut config = self.config.clone();
        config.dbname(database).options(settings.join(" "));
        let made = ask(&config, async |client| client.batch_execute(CREATE_USERS).await);
        made.await.context("cannot create the database's users")
    }

    /// Runs `act` on a new connection.
    async fn ask<T>(
        &self,
        act: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, tokio_postgres::Error> {
        ask(&self.config, act).await
    }
}

async fn ask<T>(
    config: &tokio_postgres::Config,
    act: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
) -> Result<T, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    let work = async move {
        let done = act(&client).await;
        drop(client);
        done
    };
    let (done, connection) = tokio::join!(work, connection);
    connection.and(done)
}

/// Common to the attempts to start one PostgreSQL.
struct Cluster<'a> {
    /// The name of the process.
    name: &'a str,
    supervisor: &'a Supervisor,
    settings: &'a PostgresSettings,
    home: &'a Path,
    account: Account,
    installation: Installation,
    user: String,
    password: String,
}

impl Cluster<'_> {
    /// Runs initdb if there are no data, in another directory first, so that data of an
    /// interrupted run are not used.
    async fn initialize(&self) -> anyhow::Result<()> {
        let data = self.home.join("data");
        if data.exists() {
            return Ok(());
        }
        self.supervisor.console().print("creating a PostgreSQL database cluster");
        let unfinished = self.home.join("data.new");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).context("cannot remove unfinished data")?;
        }
        let password_file = self.home.join("password");
        self.account.write(&password_file, &self.password)?;
        let mut program = self.program("initdb");
        program
            .command
            .arg("--pgdata")
            .arg(&unfinished)
            .args(["--username", &self.user])
            .arg("--pwfile")
            .arg(&password_file)
            .args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]);
        let made = self.supervisor.run(program, INITDB_LIMIT).await;
        fs::remove_file(&password_file).context("cannot remove the password file")?;
        made?;
        fs::rename(unfinished, data).context("cannot rename the new data")
    }

    async fn start(&self, port: u16) -> anyhow::Result<Postgres> {
        let mut program = self.program("postgres");
        self.name.clone_into(&mut program.name);
        program.rank = Rank::Server;
        program.stop_signal = STOP_SIGNAL;
        let connections = self.settings.max_connections.to_string();
        let port_number = port.to_string();
        let own = [
            ("listen_addresses", "127.0.0.1"),
            ("port", &port_number),
            // The path of a socket is limited to 107 bytes, that of a directory is not.
            ("unix_socket_directories", ""),
            ("max_connections", &connections),
        ];
        let further = self.settings.further.iter();
        let further = further.map(|(name, value)| (name.as_str(), value.as_str()));
        program.command.arg("-D").arg(self.home.join("data"));
        for (name, value) in own.into_iter().chain(further) {
            program.command.arg("-c").arg(format!("{name}={value}"));
        }
        let mut config = tokio_postgres::Config::new();
        config
            .host("127.0.0.1")
            .port(port)
            .user(&self.user)
            .password(&self.password)
            .dbname("postgres");
        let (user, password) = (&self.user, &self.password);
        let postgres = Postgres {
            process: self.supervisor.start(program)?,
            config,
            url: format!("postgres://{user}:{password}@127.0.0.1:{port}/{DATABASE}"),
        };
        postgres.ready().await?;
        Ok(postgres)
    }

    /// A program of PostgreSQL, without the caller's settings for PostgreSQL.
    fn program(&self, name: &str) -> Program {
        let mut command = self.account.command(&self.installation.program(name));
        command
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .current_dir(self.home);
        let mut program = Program::from_command(name, command);
        program.output = Output::LogFile;
        program
    }
}
