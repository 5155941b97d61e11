mod cluster;
mod installation;
mod node;

use std::{net::SocketAddr, path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use tokio::time::timeout;

use self::node::Node;
use crate::{Probe, Process, Supervisor, kept, ports::on_free_ports};

/// Includes the recovery of large queues.
const READY_LIMIT: Duration = Duration::from_secs(180);
/// For one call of `rabbitmqctl`. Most take a second, and a minute was too short on a busy machine.
const CONTROL_LIMIT: Duration = Duration::from_secs(180);

/// The settings of a private RabbitMQ node.
#[derive(Clone, Debug)]
pub struct RabbitMqSettings {
    /// Its name in logs and in the directory: `rabbitmq`, or `rabbitmq-2` for another node of the
    /// same supervisor.
    pub name: String,
    /// A directory with a root file system whose RabbitMQ is used, such as `docker export` writes.
    /// Needs root. By default the installed RabbitMQ is used.
    pub root: Option<PathBuf>,
    /// Plugins, such as `rabbitmq_prometheus`. `further` sets their listeners.
    pub plugins: Vec<String>,
    /// Further settings of `rabbitmq.conf`.
    pub further: Vec<(String, String)>,
}

impl Default for RabbitMqSettings {
    fn default() -> Self {
        Self { name: "rabbitmq".to_owned(), root: None, plugins: Vec::new(), further: Vec::new() }
    }
}

/// A private RabbitMQ node on the loopback address, with its own files in the supervisor's
/// directory. All nodes of a supervisor share a user, Erlang's cookie and epmd.
#[derive(Debug)]
pub struct RabbitMq {
    node: Node,
    process: Arc<Process>,
    address: SocketAddr,
    url: String,
}

impl RabbitMq {
    /// Starts a node, and waits until it accepts clients.
    ///
    /// # Errors
    /// When RabbitMQ is not installed, does not start or does not become ready.
    pub async fn start(
        supervisor: &Supervisor,
        settings: &RabbitMqSettings,
    ) -> anyhow::Result<Self> {
        let node = Node::new(supervisor, settings).await?;
        let prefix = kept::prefix(&settings.name);
        let names = [&*format!("{prefix}_PORT"), &*format!("{prefix}_DISTRIBUTION_PORT")];
        on_free_ports(supervisor, names, async |ports| {
            node.start(supervisor, settings, ports).await
        })
        .await
    }

    /// Its name as an Erlang node: `name@localhost`.
    pub fn name(&self) -> &str {
        &self.node.name
    }

    /// Its address: `amqp://user:password@127.0.0.1:port/%2f`. The user may do everything.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process of the node (`beam.smp`).
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// Waits until it accepts clients, such as after a restart.
    ///
    /// # Errors
    /// When it does not within three minutes, or has ended for good.
    pub async fn ready(&self) -> anyhow::Result<()> {
        self.process.ready(&Probe::Amqp(self.address), READY_LIMIT).await
    }

    /// Runs `rabbitmqctl` for this node, and returns its output.
    ///
    /// # Errors
    /// When it fails, with its output, or does not end within three minutes, as for a suspended node.
    pub async fn control(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = self.node.command("rabbitmqctl");
        command
            .args(["--quiet", "--node", &self.node.name])
            .args(arguments)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let call = arguments.join(" ");
        let output = timeout(CONTROL_LIMIT, command.output())
            .await
            .with_context(|| format!("rabbitmqctl {call} did not end"))?
            .context("cannot start rabbitmqctl")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        let answer = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "rabbitmqctl {call} failed: {errors}{answer}");
        Ok(answer.into_owned())
    }

    /// Its version, such as `4.0.5`.
    ///
    /// # Errors
    /// Those of [`control`](Self::control).
    pub async fn version(&self) -> anyhow::Result<String> {
        Ok(self.control(&["version"]).await?.trim().to_owned())
    }
}
