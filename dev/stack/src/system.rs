use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    Console, Process, ServerSettings, Servers, Services, Supervisor, Variables,
    portal::set_portal_urls, service_variables, services::PORTAL_DIR,
};

/// The whole system: the servers, the services, and the file `env` with their addresses.
#[derive(Debug)]
pub struct Stack {
    /// PostgreSQL and RabbitMQ.
    pub servers: Servers,
    /// The services.
    pub services: Services,
    /// Updates the process ids in `env`.
    _writer: AbortOnDropHandle<()>,
}

impl Stack {
    /// Starts everything, waits until everything is ready, and writes `env`. From then on, a process
    /// that ends is restarted at the same address, and `env` is written again.
    ///
    /// # Errors
    /// When a part does not start. The others may run then, until the supervisor stops them.
    pub async fn start(
        supervisor: &Supervisor,
        binaries: &Path,
        settings: &ServerSettings,
    ) -> anyhow::Result<Self> {
        let console = supervisor.console();
        console.print("starting PostgreSQL and RabbitMQ");
        let servers = Servers::start(supervisor, settings).await?;
        console.print("starting the services");
        let (database, broker) = (servers.postgres.url(), servers.rabbitmq.url());
        let mut variables = service_variables(supervisor, database, broker)?;
        let services = Services::start(supervisor, binaries, &mut variables).await?;
        for running in services.all() {
            let (prefix, address) = (running.service.prefix(), running.address);
            variables.set(&format!("{prefix}_LISTEN"), address.to_string());
            variables.set(&format!("{prefix}_URL"), format!("http://{address}"));
        }
        let metrics = services.gateway.metrics;
        variables.set("GATEWAY_METRICS_LISTEN", metrics.to_string());
        variables.set("GATEWAY_METRICS_URL", format!("http://{metrics}"));
        if variables.get(PORTAL_DIR).is_some() {
            let gateway = services.gateway.address;
            if let Err(error) = set_portal_urls(binaries, gateway, &mut variables).await {
                console.print(&format!("no portal addresses with tokens: {error:#}"));
            }
        }
        variables.set("PID_STACK", std::process::id().to_string());
        let writer = Writer {
            variables,
            processes: processes(&servers, &services),
            file: supervisor.environment_file(),
            console,
        };
        let starts = supervisor.starts();
        writer.write()?;
        let writer = tokio::spawn(writer.write_after(starts));
        Ok(Self { servers, services, _writer: AbortOnDropHandle::new(writer) })
    }
}

fn processes(servers: &Servers, services: &Services) -> Vec<(String, Arc<Process>)> {
    let servers =
        [("POSTGRES", servers.postgres.process()), ("RABBITMQ", servers.rabbitmq.process())];
    let services = services.all();
    let services = services.iter().map(|running| (running.service.prefix(), &running.process));
    servers
        .into_iter()
        .chain(services)
        .map(|(prefix, process)| (format!("PID_{prefix}"), Arc::clone(process)))
        .collect()
}

/// Writes the file `env`.
struct Writer {
    variables: Variables,
    /// Each with the variable of its process id.
    processes: Vec<(String, Arc<Process>)>,
    file: PathBuf,
    console: Console,
}

impl Writer {
    fn write(&self) -> anyhow::Result<()> {
        let mut variables = self.variables.clone();
        for (name, process) in &self.processes {
            variables.set(name, process.identity().pid().to_string());
        }
        variables.write(&self.file)
    }

    async fn write_after(self, mut starts: watch::Receiver<()>) {
        while starts.changed().await.is_ok() {
            if let Err(error) = self.write() {
                self.console.print(&format!("{error:#}"));
            }
        }
    }
}
