mod cluster;
mod control;
mod installation;
mod mapper;
mod node;
mod partition;
mod tools;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use self::{node::Node, tools::Tools};
use crate::{Probe, Process, Supervisor, kept, ports::on_free_ports};

/// Recovery of large queues is part of it.
const READY_LIMIT: Duration = Duration::from_secs(180);

/// What a private RabbitMQ is started with.
#[derive(Clone, Debug)]
pub struct RabbitMqSettings {
    /// How it is called in logs and in the directory: `rabbitmq`, and `rabbitmq-2` for another one of
    /// the same supervisor.
    pub name: String,
    /// A directory with a root file system that has a RabbitMQ in it, such as one that `docker
    /// export` wrote. It takes the rights of root. Without one, the RabbitMQ that is installed.
    pub root: Option<PathBuf>,
    /// Plugins, such as `rabbitmq_prometheus`. What they listen on is theirs to be told in
    /// `further`.
    pub plugins: Vec<String>,
    /// Further settings, by the names that `rabbitmq.conf` knows.
    pub further: Vec<(String, String)>,
}

impl Default for RabbitMqSettings {
    fn default() -> Self {
        Self { name: "rabbitmq".to_owned(), root: None, plugins: Vec::new(), further: Vec::new() }
    }
}

/// A private RabbitMQ: a node on the loopback address only, with a name and files of its own in a
/// directory of its name in the supervisor's. A user, the nodes' common secret and a port mapper are
/// the supervisor's, and so common to all of its nodes.
#[derive(Debug)]
pub struct RabbitMq {
    name: String,
    process: Arc<Process>,
    address: SocketAddr,
    url: String,
    tools: Tools,
}

impl RabbitMq {
    /// Starts it, and waits until it greets clients.
    ///
    /// # Errors
    /// When RabbitMQ is not installed, does not start or does not become ready; says why.
    pub async fn start(
        supervisor: &Supervisor,
        settings: &RabbitMqSettings,
    ) -> anyhow::Result<Self> {
        let node = Node::prepare(supervisor, settings).await?;
        let prefix = kept::prefix(&settings.name);
        let names = [&*format!("{prefix}_PORT"), &*format!("{prefix}_DISTRIBUTION_PORT")];
        on_free_ports(supervisor, names, async |ports| node.start(ports).await).await
    }

    /// What Erlang calls the node: `name@localhost`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is: `amqp://user:password@127.0.0.1:port/%2f`. The user may do everything.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The node itself (`beam.smp`), which is what one kills to see it come back.
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// Waits until it greets clients, such as after it was started again.
    ///
    /// # Errors
    /// When it does not within three minutes, or has ended for good.
    pub async fn ready(&self) -> anyhow::Result<()> {
        let probe = Probe::Amqp(self.address);
        Ok(self.process.ready(&probe, READY_LIMIT).await?)
    }
}
