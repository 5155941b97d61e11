//! A standby of a private PostgreSQL, which follows it by streaming replication.

use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::time::{Instant, sleep};

use super::{Account, Cluster, Installation, Postgres, PostgresSettings, READY_LIMIT};
use crate::{Supervisor, kept, ports::on_free_ports};

/// The name of the standby's process, and of the standby in `synchronous_standby_names`.
const NAME: &str = "postgres-standby";
const BACKUP_LIMIT: Duration = Duration::from_secs(120);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

impl Postgres {
    /// Copies the data of this server into a standby, starts it, and waits until it follows this
    /// server. Its URL has the user and the password of this server.
    ///
    /// # Errors
    /// When it cannot be copied, does not start or does not follow.
    pub async fn start_standby(
        &self,
        supervisor: &Supervisor,
        settings: &PostgresSettings,
    ) -> anyhow::Result<Self> {
        let home = supervisor.directory().join(NAME);
        let account = Account::for_directory(&home)?;
        let data = home.join("data");
        let installation = Installation::find(&data)?;
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
        let port = self.config.get_ports().first().context("the server has no port")?;
        let mut program = cluster.program("pg_basebackup");
        // It writes standby.signal, and the address of this server into the standby's settings.
        program
            .command
            .arg("--pgdata")
            .arg(&data)
            .args(["--write-recovery-conf", "--checkpoint=fast", "--wal-method=stream"])
            .arg(format!(
                "--dbname=host=127.0.0.1 port={port} user={} password={} application_name={NAME}",
                cluster.user, cluster.password
            ));
        supervisor.run(program, BACKUP_LIMIT).await?;
        let standby = on_free_ports(supervisor, ["POSTGRES_STANDBY_PORT"], async |[port]| {
            cluster.start(port).await
        })
        .await?;
        self.wait_for_standby("state = 'streaming'").await?;
        Ok(standby)
    }

    /// From now on a commit is confirmed once the standby has written it, too.
    ///
    /// # Errors
    /// When the standby does not follow this server.
    pub async fn replicate_synchronously(&self) -> anyhow::Result<()> {
        let set = format!("ALTER SYSTEM SET synchronous_standby_names = '\"{NAME}\"'");
        self.ask(async |client| {
            client.batch_execute(&set).await?;
            client.batch_execute("SELECT pg_reload_conf()").await
        })
        .await?;
        self.wait_for_standby("sync_state = 'sync'").await
    }

    /// The address of the database on whichever of this server and `standby` accepts writes.
    ///
    /// # Errors
    /// When `standby` has no port.
    pub fn url_with_standby(&self, standby: &Self) -> anyhow::Result<String> {
        let port = standby.config.get_ports().first().context("the standby has no port")?;
        let (server, database) = self.url.rsplit_once('/').context("the address has no path")?;
        Ok(format!("{server},127.0.0.1:{port}/{database}?target_session_attrs=read-write"))
    }

    /// Makes a standby the primary, and waits until it accepts writes.
    ///
    /// # Errors
    /// When it does not.
    pub async fn promote(&self) -> anyhow::Result<()> {
        let promoted = self.ask(async |client| {
            client.query_one("SELECT pg_promote(true, 60)", &[]).await?.try_get::<_, bool>(0)
        });
        ensure!(promoted.await?, "the standby was not promoted within a minute");
        Ok(())
    }

    /// Waits until this server has a standby with `condition`, of `pg_stat_replication`.
    async fn wait_for_standby(&self, condition: &str) -> anyhow::Result<()> {
        let query = format!(
            "SELECT FROM pg_stat_replication WHERE application_name = '{NAME}' AND {condition}"
        );
        let deadline = Instant::now() + READY_LIMIT;
        while self.ask(async |client| client.query_opt(&query, &[]).await).await?.is_none() {
            ensure!(Instant::now() < deadline, "there is no standby with {condition}");
            sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }
}
