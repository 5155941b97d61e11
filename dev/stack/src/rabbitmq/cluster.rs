use anyhow::{Context, ensure};

use super::{RabbitMq, RabbitMqSettings, node::node_name};
use crate::Supervisor;

impl RabbitMq {
    /// Starts `size` nodes that are one broker, and waits until all of them run as such. The first is
    /// called as `settings` say, the second has `-2` behind that name, and so on. A node that no
    /// longer sees most of the others pauses until it does (`pause_minority`).
    ///
    /// # Errors
    /// When a node does not start or does not join the others; says why. Some may run then.
    pub async fn start_cluster(
        supervisor: &Supervisor,
        size: usize,
        settings: &RabbitMqSettings,
    ) -> anyhow::Result<Vec<Self>> {
        ensure!(size > 0, "a cluster has one node at least");
        let mut settings = settings.clone();
        settings.set("cluster_partition_handling", "pause_minority");
        let first = Self::start(supervisor, &settings).await?;
        let seed = first.name.clone();
        let mut nodes = vec![first];
        for number in 2..=size {
            let member = settings.member(supervisor, number, &seed)?;
            nodes.push(Self::start(supervisor, &member).await?);
        }
        for node in &nodes {
            let joined = node.control(&["await_online_nodes", &size.to_string()]).await;
            joined.context("the nodes of RabbitMQ did not find each other")?;
        }
        Ok(nodes)
    }
}

impl RabbitMqSettings {
    /// Those of the node `number`, which looks for `seed` when it starts for the first time.
    fn member(&self, supervisor: &Supervisor, number: usize, seed: &str) -> anyhow::Result<Self> {
        let mut member = self.clone();
        member.name = format!("{}-{number}", self.name);
        let own = node_name(supervisor, &member.name)?;
        member.set("cluster_formation.peer_discovery_backend", "classic_config");
        // A node that is not in its own list joins nobody.
        member.set("cluster_formation.classic_config.nodes.1", seed);
        member.set("cluster_formation.classic_config.nodes.2", &own);
        Ok(member)
    }

    fn set(&mut self, name: &str, value: &str) {
        self.further.push((name.to_owned(), value.to_owned()));
    }
}
