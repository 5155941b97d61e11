//! Clusters and network partitions, for drills.

use anyhow::{Context, ensure};

use super::{RabbitMq, RabbitMqSettings, node::node_name};
use crate::Supervisor;

/// The cookie that a partitioned node expects of the other nodes.
const WRONG_COOKIE: &str = "parted";

impl RabbitMq {
    /// Starts a cluster of `size` nodes, and waits until all of them run in it. The first has the
    /// name of `settings`, the second that name with `-2`, and so on. A node that does not reach
    /// the majority pauses until it does (`pause_minority`).
    ///
    /// # Errors
    /// When a node does not start or does not join the cluster. Others may run then.
    pub async fn start_cluster(
        supervisor: &Supervisor,
        size: usize,
        settings: &RabbitMqSettings,
    ) -> anyhow::Result<Vec<Self>> {
        ensure!(size > 0, "a cluster has at least one node");
        let mut settings = settings.clone();
        settings.set("cluster_partition_handling", "pause_minority");
        let first = Self::start(supervisor, &settings).await?;
        let seed = first.name().to_owned();
        let mut nodes = vec![first];
        for number in 2..=size {
            let mut member = settings.clone();
            member.name = format!("{}-{number}", settings.name);
            let own = node_name(supervisor, &member.name)?;
            member.set("cluster_formation.peer_discovery_backend", "classic_config");
            // A node that is not in its own list joins no cluster.
            member.set("cluster_formation.classic_config.nodes.1", &seed);
            member.set("cluster_formation.classic_config.nodes.2", &own);
            nodes.push(Self::start(supervisor, &member).await?);
        }
        for node in &nodes {
            let joined = node.control(&["await_online_nodes", &size.to_string()]).await;
            joined.context("the nodes of RabbitMQ did not form a cluster")?;
        }
        Ok(nodes)
    }

    /// Partitions this node from others of its cluster: neither side reaches the other, while clients
    /// reach both, until [`rejoin`](Self::rejoin) or a restart of this node. `others` must be all
    /// that it reaches, since nodes disconnect from a node that only one of them reaches.
    ///
    /// # Errors
    /// Those of [`control`](Self::control).
    pub async fn part_from(&self, others: &[&Self]) -> anyhow::Result<()> {
        // Nodes connect only if both know the other's cookie.
        let refuse = each(others, |other| format!("erlang:set_cookie('{other}', {WRONG_COOKIE})"));
        let leave = each(others, |other| format!("erlang:disconnect_node('{other}')"));
        self.control(&["eval", &format!("{refuse}{leave}ok.")]).await?;
        Ok(())
    }

    /// Ends the partition between this node and others. They reconnect within some seconds.
    ///
    /// # Errors
    /// Those of [`control`](Self::control).
    pub async fn rejoin(&self, others: &[&Self]) -> anyhow::Result<()> {
        let trust =
            each(others, |other| format!("erlang:set_cookie('{other}', erlang:get_cookie())"));
        self.control(&["eval", &format!("{trust}ok.")]).await?;
        Ok(())
    }
}

impl RabbitMqSettings {
    fn set(&mut self, name: &str, value: &str) {
        self.further.push((name.to_owned(), value.to_owned()));
    }
}

fn each(nodes: &[&RabbitMq], act: impl Fn(&str) -> String) -> String {
    nodes.iter().map(|node| act(node.name()) + ", ").collect()
}
