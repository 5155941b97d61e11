mod account;
mod installation;
mod role;

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use nix::sys::signal::Signal;
use tokio_postgres::{Client, NoTls};

pub use self::role::DatabaseRole;
use self::{account::Account, installation::Installation};
use crate::{Probe, Process, Program, Rank, Supervisor, kept, ports::on_free_ports};

/// The database that is made for the system.
const DATABASE: &str = "chat";
/// Makes the users of [`DatabaseRole`].
const MAKE_USERS: &str = include_str!("../../../../deploy/database/users.sql");
/// What every new database is a copy of, so that the users may use each.
const TEMPLATE: &str = "template1";
const INITDB_LIMIT: Duration = Duration::from_secs(120);
/// Recovery after a crash is part of it.
const READY_LIMIT: Duration = Duration::from_secs(120);

/// What a private PostgreSQL is started with.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// Connections that it accepts at once.
    pub max_connections: u32,
    /// Further settings, by the names that `postgresql.conf` knows.
    pub further: Vec<(String, String)>,
    /// Files that it alone may read, by their names in the directory of its data's directory, such as
    /// the key that `ssl_key_file=../key.pem` asks for.
    pub files: Vec<(String, String)>,
}

impl Default for PostgresSettings {
    fn default() -> Self {
        Self { max_connections: 300, further: Vec::new(), files: Vec::new() }
    }
}

/// A private PostgreSQL: on the loopback address only, with a password that only its directory
/// knows, and with its data in `postgres/data` of the supervisor's directory.
#[derive(Debug)]
pub struct Postgres {
    process: Arc<Process>,
    config: tokio_postgres::Config,
    url: String,
}

impl Postgres {
    /// Starts it, and waits until it answers. The first time, its data is made.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, does not start or does not become ready; says why.
    pub async fn start(
        supervisor: &Supervisor,
        settings: &PostgresSettings,
    ) -> anyhow::Result<Self> {
        let home = supervisor.directory().join("postgres");
        let account = Account::for_directory(&home)?;
        let installation = Installation::find(&home.join("data"))?;
        let user = supervisor.kept().value("POSTGRES_USER", kept::name)?;
        let password = supervisor.kept().value("POSTGRES_PASSWORD", kept::secret)?;
        let cluster =
            Cluster { supervisor, settings, home: &home, account, installation, user, password };
        cluster.initialize().await?;
        for (name, text) in &settings.files {
            cluster.account.write(&home.join(name), text)?;
        }
        let postgres =
            on_free_ports(supervisor, ["POSTGRES_PORT"], async |[port]| cluster.start(port).await)
                .await?;
        postgres.make_database().await?;
        Ok(postgres)
    }

    /// Where the database is: `postgres://user:password@127.0.0.1:port/chat`. The user may make
    /// further databases.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server, which is what one kills to see it come back.
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// Waits until it answers, such as after it was started again.
    ///
    /// # Errors
    /// When it does not within two minutes, or has ended for good.
    pub async fn ready(&self) -> anyhow::Result<()> {
        let probe = Probe::Postgres(Box::new(self.config.clone()));
        Ok(self.process.ready(&probe, READY_LIMIT).await?)
    }

    /// Its version, such as `17.2 (Debian 17.2-1)`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn version(&self) -> anyhow::Result<String> {
        let version =
            self.ask(async |client| client.query_one("SHOW server_version", &[]).await?.try_get(0));
        version.await.context("PostgreSQL does not tell its version")
    }

    async fn make_database(&self) -> anyhow::Result<()> {
        self.make_users(TEMPLATE).await?;
        let made = self.ask(async |client| {
            let exists = "SELECT FROM pg_database WHERE datname = $1";
            if client.query_opt(exists, &[&DATABASE]).await?.is_none() {
                client.batch_execute(&format!("CREATE DATABASE {DATABASE}")).await?;
            }
            Ok(())
        });
        made.await.context("cannot make the database")?;
        self.make_users(DATABASE).await
    }

    /// Makes the users of [`DatabaseRole`], and lets them use `database`.
    async fn make_users(&self, database: &str) -> anyhow::Result<()> {
        let password = self.config.get_password().map(String::from_utf8_lossy).unwrap_or_default();
        let settings =
            DatabaseRole::ALL.map(|role| format!("-c {}={password}", role.password_setting()));
        let mut config = self.config.clone();
        config.dbname(database).options(settings.join(" "));
        let made = ask(&config, async |client| client.batch_execute(MAKE_USERS).await);
        made.await.context("cannot make the database's users")
    }

    /// Does something on a connection of its own.
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

/// What every start of one PostgreSQL has in common.
struct Cluster<'a> {
    supervisor: &'a Supervisor,
    settings: &'a PostgresSettings,
    home: &'a Path,
    account: Account,
    installation: Installation,
    user: String,
    password: String,
}

impl Cluster<'_> {
    /// Makes the data, in a place of its own first: one that was interrupted is not mistaken for
    /// one that is whole.
    async fn initialize(&self) -> anyhow::Result<()> {
        let data = self.home.join("data");
        if data.exists() {
            return Ok(());
        }
        self.supervisor.console().say("making a PostgreSQL database cluster");
        let unfinished = self.home.join("data.new");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).context("cannot remove unfinished data")?;
        }
        let password_file = self.home.join("password");
        self.account.write(&password_file, &self.password)?;
        let mut program = self.program("initdb", "initdb");
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
        let mut program = self.program("postgres", "postgres");
        program.rank = Rank::Server;
        // The fast way to stop: clients are disconnected, and nothing is lost.
        program.stop_signal = Signal::SIGINT;
        let connections = self.settings.max_connections.to_string();
        let port_number = port.to_string();
        let own = [
            ("listen_addresses", "127.0.0.1"),
            ("port", &port_number),
            // The path of a socket may be 107 bytes long, and that of a directory longer.
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

    /// A program of PostgreSQL's that sees nothing of the caller's settings for PostgreSQL.
    fn program(&self, name: &str, program: &str) -> Program {
        let mut made = Program::new(name, "");
        made.command = self.account.command(&self.installation.program(program));
        made.command
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .current_dir(self.home);
        made.echoes = false;
        made
    }
}
