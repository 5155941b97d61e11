use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use anyhow::{Context, ensure};

use super::{Account, DatabaseRole};
use crate::{Output, Probe, Program, Rank, Supervisor, ports::on_free_ports};

const READY_LIMIT: Duration = Duration::from_secs(60);

/// Where `dev/scripts/install-pgbouncer.sh` installs it, and its place in Debian's package.
const PROGRAMS: [&str; 2] = [
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../.local/tools/pgbouncer/bin/pgbouncer"),
    "/usr/sbin/pgbouncer",
];

/// The settings of a private PgBouncer.
#[derive(Clone, Copy, Debug)]
pub struct PgBouncerSettings {
    /// The most sessions of PostgreSQL for each database and user.
    pub pool_size: u16,
    /// The most prepared statements that it keeps in each session; 0 turns this off.
    pub max_prepared_statements: u16,
}

/// A private PgBouncer on the loopback address, in transaction mode, for each database of a server.
#[derive(Debug)]
pub struct PgBouncer {
    url: String,
}

impl PgBouncer {
    /// Starts PgBouncer between the users of [`DatabaseRole`] and the database at `url`, which is
    /// `postgres://user:password@host:port/name`; the users have the same password.
    ///
    /// # Errors
    /// When it is not installed, or does not start.
    pub async fn start(
        supervisor: &Supervisor,
        url: &str,
        settings: PgBouncerSettings,
    ) -> anyhow::Result<Self> {
        let installed = PROGRAMS.into_iter().find(|program| Path::new(program).exists());
        let installed = installed.context(
            "PgBouncer is not installed: run dev/scripts/install-pgbouncer.sh (`make test` does)",
        )?;
        let config: tokio_postgres::Config = url.parse()?;
        let port = config.get_ports().first().context("the address has no port")?;
        let password = config.get_password().context("the address has no password")?;
        let password = String::from_utf8_lossy(password);
        let home = supervisor.directory().join("pgbouncer");
        // PgBouncer refuses to run as root, as PostgreSQL does.
        let account = Account::for_directory(&home)?;
        let users = home.join("users");
        let lines = DatabaseRole::ALL.map(|role| format!("\"{}\" \"{password}\"\n", role.user()));
        account.write(&users, &lines.concat())?;
        on_free_ports(supervisor, ["PGBOUNCER_PORT"], async |[own_port]| {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, own_port));
            let file = home.join("pgbouncer.ini");
            account.write(&file, &configuration(*port, address, &users, settings)?)?;
            let mut command = account.command(Path::new(installed));
            command.arg(file).current_dir(&home);
            let mut program = Program::from_command("pgbouncer", command);
            program.rank = Rank::Helper;
            program.output = Output::LogFile;
            let process = supervisor.start(program)?;
            process.ready(&Probe::Tcp(address), READY_LIMIT).await?;
            Ok(Self { url: url.replace(&format!(":{port}/"), &format!(":{own_port}/")) })
        })
        .await
    }

    /// The address of the database through it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

fn configuration(
    port: u16,
    address: SocketAddr,
    users: &Path,
    settings: PgBouncerSettings,
) -> anyhow::Result<String> {
    let users = users.to_str().context("the directory's path is not UTF-8")?;
    ensure!(!users.contains(char::is_whitespace), "PgBouncer cannot run in {users}");
    let PgBouncerSettings { pool_size, max_prepared_statements } = settings;
    Ok(format!(
        "[databases]\n\
         * = host=127.0.0.1 port={port}\n\
         [pgbouncer]\n\
         listen_addr = {}\n\
         listen_port = {}\n\
         unix_socket_dir =\n\
         auth_type = scram-sha-256\n\
         auth_file = {users}\n\
         pool_mode = transaction\n\
         default_pool_size = {pool_size}\n\
         max_prepared_statements = {max_prepared_statements}\n\
         ignore_startup_parameters = options\n",
        address.ip(),
        address.port(),
    ))
}
