use std::{
    env,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, ensure};

use crate::{Probe, Process, Program, Supervisor, Variables, ports::on_free_ports};

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
            Self::Persister => matches!(name, "DATABASE_URL" | "AMQP_URL"),
            Self::Broadcaster => name.starts_with("PUSHER_") || name == "AMQP_URL",
        }
    }

    /// Its program, with the variables that it is told.
    fn program(
        self,
        name: &str,
        binaries: &Path,
        variables: &Variables,
    ) -> anyhow::Result<Program> {
        let path = binaries.join(self.name());
        ensure!(path.exists(), "there is no {}: build it first (cargo build)", path.display());
        let mut program = Program::new(name, path);
        for (name, value) in variables.iter() {
            if self.is_told(name) {
                program.command.env(name, value);
            } else {
                program.command.env_remove(name);
            }
        }
        Ok(program)
    }
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

/// The four services.
#[derive(Debug)]
pub struct Services {
    /// Stands in for Pusher.
    pub local_pusher: Running,
    /// Accepts messages and answers for history.
    pub gateway: Running,
    /// Writes messages to the database.
    pub persister: Running,
    /// Tells Pusher of messages.
    pub broadcaster: Running,
}

impl Services {
    /// Migrates the database, starts the services from `binaries`, and waits until each says that
    /// it is ready. `variables` are what they are told; where Pusher is, is added.
    ///
    /// # Errors
    /// When a program is missing, or fails; the others may run then.
    pub async fn start(
        supervisor: &Supervisor,
        binaries: &Path,
        variables: &mut Variables,
    ) -> anyhow::Result<Self> {
        let mut migrate = Service::Persister.program("migrate", binaries, variables)?;
        migrate.command.arg("migrate");
        let migrated = supervisor.run(migrate, MIGRATE_LIMIT);
        migrated.await.context("cannot migrate the database")?;

        let local_pusher = start(supervisor, binaries, variables, Service::LocalPusher).await?;
        variables.set("PUSHER_SCHEME", "http");
        variables.set("PUSHER_HOST", local_pusher.address.ip().to_string());
        variables.set("PUSHER_PORT", local_pusher.address.port().to_string());

        let (gateway, persister, broadcaster) = tokio::try_join!(
            start(supervisor, binaries, variables, Service::Gateway),
            start(supervisor, binaries, variables, Service::Persister),
            start(supervisor, binaries, variables, Service::Broadcaster),
        )?;
        Ok(Self { local_pusher, gateway, persister, broadcaster })
    }

    /// All four.
    pub fn all(&self) -> [&Running; 4] {
        [&self.gateway, &self.persister, &self.broadcaster, &self.local_pusher]
    }
}

async fn start(
    supervisor: &Supervisor,
    binaries: &Path,
    variables: &Variables,
    service: Service,
) -> anyhow::Result<Running> {
    let prefix = service.prefix();
    on_free_ports(supervisor, [&format!("{prefix}_PORT")], async |[port]| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut program = service.program(service.name(), binaries, variables)?;
        program.command.env(format!("{prefix}_LISTEN"), address.to_string());
        let running = Running { service, process: supervisor.start(program)?, address };
        running.ready().await?;
        Ok(running)
    })
    .await
}

/// What the caller of the stack has set, if it is not empty.
pub(crate) fn from_caller(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
