use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, ensure};

use crate::{
    DatabaseRole, Probe, Process, Program, Supervisor, Variables, kept, ports::on_free_ports,
};

const READY_LIMIT: Duration = Duration::from_secs(60);
const MIGRATE_LIMIT: Duration = Duration::from_secs(120);

/// The system's own programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Stands in for Pusher.
    LocalPusher,
    /// Accepts messages and answers for history.
    Gateway,
    /// Writes messages to the database.
    Persister,
    /// Tells Pusher of messages.
    Broadcaster,
}

impl Service {
    /// The name of its program.
    pub fn name(self) -> &'static str {
        match self {
            Self::LocalPusher => "local-pusher",
            Self::Gateway => "gateway",
            Self::Persister => "persister",
            Self::Broadcaster => "broadcaster",
        }
    }

    /// What the names of its variables begin or end with, such as `GATEWAY` of `GATEWAY_URL` and
    /// `PID_GATEWAY`.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::LocalPusher => "LOCAL_PUSHER",
            Self::Gateway => "GATEWAY",
            Self::Persister => "PERSISTER",
            Self::Broadcaster => "BROADCASTER",
        }
    }

    /// Which of the stack's variables it is told. A failure of the database is none of the
    /// broadcaster's business, nor one of Pusher's the persister's, so it holds no address of it.
    fn is_told(self, name: &str) -> bool {
        match self {
            Self::LocalPusher => {
                matches!(name, "PUSHER_APP_ID" | "PUSHER_KEY" | "PUSHER_SECRET")
            }
            Self::Gateway => true,
            Self::Persister => matches!(name, "DATABASE_URL" | "AMQP_URL" | "QUEUE_PARTITIONS"),
            Self::Broadcaster => {
                name.starts_with("PUSHER_") || matches!(name, "AMQP_URL" | "QUEUE_PARTITIONS")
            }
        }
    }

    /// As whom it uses the database that `DATABASE_URL` names.
    fn database_role(self) -> DatabaseRole {
        match self {
            Self::Persister => DatabaseRole::Writer,
            Self::Gateway | Self::LocalPusher | Self::Broadcaster => DatabaseRole::Reader,
        }
    }

    /// Starts an instance of it from `binaries`, called `name` (`gateway-2`), and waits until it
    /// says that it is ready. Of `variables` it is told those that are its business; all of `own`
    /// are set for it besides, whatever they are.
    ///
    /// # Errors
    /// When its program is missing, or fails.
    pub async fn start(
        self,
        supervisor: &Supervisor,
        binaries: &Path,
        name: &str,
        variables: &Variables,
        own: &Variables,
    ) -> anyhow::Result<Running> {
        let start = async |address: SocketAddr, metrics: SocketAddr| {
            let mut program = self.program(name, binaries, variables, self.database_role())?;
            program.command.env(format!("{}_LISTEN", self.prefix()), address.to_string());
            if metrics != address {
                let listen = format!("{}_METRICS_LISTEN", self.prefix());
                program.command.env(listen, metrics.to_string());
            }
            program.command.envs(own.iter());
            let process = supervisor.start(program)?;
            let running = Running { service: self, process, address, metrics };
            running.ready().await?;
            Ok(running)
        };
        let prefix = kept::prefix(name);
        let (port, metrics_port) = (format!("{prefix}_PORT"), format!("{prefix}_METRICS_PORT"));
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        match self {
            // The one that the public reaches.
            Self::Gateway => {
                let ports = [&*port, &metrics_port];
                let start = async |[port, metrics]: [u16; 2]| start(at(port), at(metrics)).await;
                on_free_ports(supervisor, ports, start).await
            }
            _ => {
                let start = async |[port]: [u16; 1]| start(at(port), at(port)).await;
                on_free_ports(supervisor, [&port], start).await
            }
        }
    }

    /// Its program, with the variables that it is told, and the database as `role` uses it.
    fn program(
        self,
        name: &str,
        binaries: &Path,
        variables: &Variables,
        role: DatabaseRole,
    ) -> anyhow::Result<Program> {
        let path = binaries.join(self.name());
        ensure!(path.exists(), "there is no {}: build it first (cargo build)", path.display());
        let mut program = Program::new(name, path);
        for (name, value) in variables.iter() {
            // That of the caller would be a second value.
            program.command.env_remove(format!("{name}_FILE"));
            match name {
                _ if !self.is_told(name) => program.command.env_remove(name),
                "DATABASE_URL" => program.command.env(name, role.url(value)),
                _ => program.command.env(name, value),
            };
        }
        Ok(program)
    }
}

/// Migrates the database that `variables` name, by the program in `binaries`.
///
/// # Errors
/// When the program is missing, fails or takes longer than two minutes.
pub async fn migrate(
    supervisor: &Supervisor,
    binaries: &Path,
    variables: &Variables,
) -> anyhow::Result<()> {
    let owner = DatabaseRole::Owner;
    let mut migrate = Service::Persister.program("migrate", binaries, variables, owner)?;
    migrate.command.arg("migrate");
    supervisor.run(migrate, MIGRATE_LIMIT).await.context("cannot migrate the database")
}

/// A service that runs.
#[derive(Debug)]
pub struct Running {
    /// Which one.
    pub service: Service,
    /// Its process, which is what one kills to see it come back.
    pub process: Arc<Process>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where its metrics are, which is where it listens for all but the gateway.
    pub metrics: SocketAddr,
}

impl Running {
    /// Waits until it says that it is ready, such as after it was started again.
    ///
    /// # Errors
    /// When it does not within a minute, or has ended for good.
    pub async fn ready(&self) -> anyhow::Result<()> {
        let probe = Probe::Http(self.address);
        Ok(self.process.ready(&probe, READY_LIMIT).await?)
    }
}
