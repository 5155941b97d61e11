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

/// A program of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// In place of Pusher.
    LocalPusher,
    /// Accepts messages and returns history.
    Gateway,
    /// Writes messages to the database.
    Persister,
    /// Sends events to Pusher.
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

    /// Its part of the names of variables, such as `GATEWAY` in `GATEWAY_URL` and `PID_GATEWAY`.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::LocalPusher => "LOCAL_PUSHER",
            Self::Gateway => "GATEWAY",
            Self::Persister => "PERSISTER",
            Self::Broadcaster => "BROADCASTER",
        }
    }

    /// Whether the shared variable `name` is set for it. The broadcaster has no address of the
    /// database, and the persister none of Pusher, so that their failures stay isolated.
    fn uses(self, name: &str) -> bool {
        match self {
            Self::LocalPusher => {
                matches!(name, "PUSHER_APP_ID" | "PUSHER_KEY" | "PUSHER_SECRET")
            }
            Self::Gateway => true,
            Self::Persister => matches!(
                name,
                "DATABASE_URL"
                    | "AMQP_URL"
                    | "QUEUE_PARTITIONS"
                    | "ASSIGN_ON_REPLY"
                    | "AUTO_ASSIGN"
            ),
            Self::Broadcaster => {
                name.starts_with("PUSHER_")
                    || matches!(name, "AMQP_URL" | "QUEUE_PARTITIONS" | "STAFF_NAMES")
            }
        }
    }

    /// Its user of the database in `DATABASE_URL`.
    fn database_role(self) -> DatabaseRole {
        match self {
            Self::Persister => DatabaseRole::Writer,
            Self::Gateway | Self::LocalPusher | Self::Broadcaster => DatabaseRole::Reader,
        }
    }

    /// Starts an instance with a `name` such as `gateway-2` from `binaries`, and waits until it is
    /// ready. It has those of the shared `variables` that it uses, and all of `own`.
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
            // Its metrics have an address that the public does not reach.
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

    /// Its program with its variables, and with the database user of `role`.
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
            // With the caller's `NAME_FILE` there would be two values.
            program.command.env_remove(format!("{name}_FILE"));
            match name {
                _ if !self.uses(name) => program.command.env_remove(name),
                "DATABASE_URL" => program.command.env(name, role.url(value)),
                _ => program.command.env(name, value),
            };
        }
        Ok(program)
    }
}

/// Migrates the database of `variables` with the persister in `binaries`.
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

/// A running service.
#[derive(Debug)]
pub struct Running {
    /// Which one.
    pub service: Service,
    /// Its process.
    pub process: Arc<Process>,
    /// The address on which it listens.
    pub address: SocketAddr,
    /// The address of its metrics: `address`, except for the gateway.
    pub metrics: SocketAddr,
}

impl Running {
    /// Waits until it is ready, such as after a restart.
    ///
    /// # Errors
    /// When it does not within a minute, or has ended for good.
    pub async fn ready(&self) -> anyhow::Result<()> {
        let probe = Probe::Http(self.address);
        self.process.ready(&probe, READY_LIMIT).await
    }
}
