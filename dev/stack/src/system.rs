use std::{path::Path, sync::Arc};

use tokio_util::task::AbortOnDropHandle;

use crate::{
    Process, ServerSettings, Servers, Services, Supervisor, Variables, portal::set_portal_urls,
    service_variables, services::PORTAL_DIR,
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
    /// Starts everything, the services with `further` settings, waits until everything is ready, and
    /// writes `env`. From then on, a process that ends is restarted at the same address, and `env` is
    /// written again.
    ///
    /// # Errors
    /// When a part does not start. The others may run then, until the supervisor stops them.
    pub async fn start(
        supervisor: &Supervisor,
        binaries: &Path,
        settings: &ServerSettings,
        further: &Variables,
    ) -> anyhow::Result<Self> {
        let console = supervisor.console();
        console.print("starting PostgreSQL and RabbitMQ");
        let servers = Servers::start(supervisor, settings).await?;
        console.print("starting the services");
        let (database, broker) = (servers.postgres.url(), servers.rabbitmq.url());
        let mut variables = service_variables(supervisor, database, broker)?;
        let services = Services::start(supervisor, binaries, &mut variables, further).await?;
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
        let mut starts = supervisor.starts.subscribe();
        let processes = processes(&servers, &services);
        let file = supervisor.environment_file();
        let mut write = move || {
            for (name, process) in &processes {
                variables.set(name, process.identity().pid().to_string());
            }
            variables.write(&file)
        };
        write()?;
        let writer = tokio::spawn(async move {
            while starts.changed().await.is_ok() {
                if let Err(error) = write() {
                    console.print(&format!("{error:#}"));
                }
            }
        });
        Ok(Self { servers, services, _writer: AbortOnDropHandle::new(writer) })
    }
}

/// The processes, each with the variable of its process id.
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
