use std::{path::Path, sync::Arc};

use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    Process, ServerSettings, Servers, Services, Supervisor, Variables, kept, services::from_caller,
};

/// The whole system: the servers, the services, and the file `env` that says where they are.
#[derive(Debug)]
pub struct Stack {
    /// PostgreSQL and RabbitMQ.
    pub servers: Servers,
    /// The system's own programs.
    pub services: Services,
    /// Keeps the process ids in `env` true.
    _writer: AbortOnDropHandle<()>,
}

impl Stack {
    /// Starts everything, waits until everything is ready, and writes `env`. From then on, whatever
    /// ends is started again, at the same address, and `env` is written anew.
    ///
    /// # Errors
    /// When something does not start; the rest may run then, until the supervisor stops it.
    pub async fn start(
        supervisor: &Supervisor,
        binaries: &Path,
        settings: &ServerSettings,
    ) -> anyhow::Result<Self> {
        let console = supervisor.console();
        console.say("starting PostgreSQL and RabbitMQ");
        let servers = Servers::start(supervisor, settings).await?;
        console.say("starting the services");
        let mut variables = settings_of(supervisor, &servers)?;
        let services = Services::start(supervisor, binaries, &mut variables).await?;
        for running in services.all() {
            let (prefix, address) = (running.service.prefix(), running.address);
            variables.set(&format!("{prefix}_LISTEN"), address.to_string());
            variables.set(&format!("{prefix}_URL"), format!("http://{address}"));
        }
        let writer = Writer {
            variables,
            processes: processes(&servers, &services),
        };
        let changes = supervisor.changes();
        let file = supervisor.environment_file();
        writer.variables().write(&file)?;
        let writer = tokio::spawn(async move {
            writer
                .follow(changes, |variables| {
                    if let Err(error) = variables.write(&file) {
                        console.say(&format!("{error:#}"));
                    }
                })
                .await;
        });
        Ok(Self {
            servers,
            services,
            _writer: AbortOnDropHandle::new(writer),
        })
    }
}

/// What the services are told. What the caller has set stays, but for addresses.
fn settings_of(supervisor: &Supervisor, servers: &Servers) -> anyhow::Result<Variables> {
    let kept = supervisor.kept();
    let mut variables = Variables::default();
    variables.set("DATABASE_URL", servers.postgres.url());
    variables.set("AMQP_URL", servers.rabbitmq.url());
    for (name, usual) in [("PUSHER_CHANNEL_ACCESS", "private"), ("AUTH_MODE", "off")] {
        variables.set(name, from_caller(name).unwrap_or_else(|| usual.to_owned()));
    }
    for (name, make) in [
        ("PUSHER_APP_ID", kept::name as fn() -> String),
        ("PUSHER_KEY", kept::secret),
        ("PUSHER_SECRET", kept::secret),
        ("AUTH_JWT_SECRET", kept::long_secret),
    ] {
        let value = match from_caller(name) {
            Some(value) => value,
            None => kept.value(name, make)?,
        };
        variables.set(name, value);
    }
    Ok(variables)
}

fn processes(servers: &Servers, services: &Services) -> Vec<(String, Arc<Process>)> {
    let servers = [
        ("POSTGRES", servers.postgres.process()),
        ("RABBITMQ", servers.rabbitmq.process()),
    ];
    let services = services.all();
    let services = services
        .iter()
        .map(|running| (running.service.prefix(), &running.process));
    servers
        .into_iter()
        .chain(services)
        .map(|(prefix, process)| (format!("PID_{prefix}"), Arc::clone(process)))
        .collect()
}

struct Writer {
    variables: Variables,
    processes: Vec<(String, Arc<Process>)>,
}

impl Writer {
    fn variables(&self) -> Variables {
        let mut variables = self.variables.clone();
        for (name, process) in &self.processes {
            variables.set(name, process.identity().pid().to_string());
        }
        variables
    }

    async fn follow(&self, mut changes: watch::Receiver<()>, write: impl Fn(&Variables)) {
        while changes.changed().await.is_ok() {
            write(&self.variables());
        }
    }
}
