//! Nodes of a RabbitMQ cluster are down or partitioned.

use anyhow::{Context, ensure};
use futures_util::FutureExt;
use nix::sys::signal::Signal;
use stack::RabbitMq;

use super::rabbitmq_node::{flush_queue_register, kill};
use crate::{
    drill::Drill,
    fault::Fault,
    plan::{Plan, Scale},
};

pub(super) fn faults() -> Vec<Fault> {
    let fault =
        |name, description, inflict| Fault { name, description, plan: with_three_nodes, inflict };
    vec![
        fault("leader-killed", "kill -9 of the node that leads the queues", |drill| {
            leader_killed(drill).boxed_local()
        }),
        fault("follower-killed", "kill -9 of a node that does not lead chat.persist", |drill| {
            follower_killed(drill).boxed_local()
        }),
        fault(
            "majority-killed",
            "kill -9 of two nodes of three, which are down for 20 s",
            |drill| majority_killed(drill).boxed_local(),
        ),
        fault(
            "partition",
            "the leading node is partitioned from the two others for 30 s",
            |drill| partitioned(drill).boxed_local(),
        ),
    ]
}

fn with_three_nodes(scale: Scale) -> Plan {
    Plan { nodes: 3, ..Plan::usual(scale) }
}

/// The index of the node that leads `queue`.
async fn leader(nodes: &[RabbitMq], queue: &str) -> anyhow::Result<usize> {
    let node = nodes.first().context("there is no broker")?;
    let order = ["list_queues", "--quiet", "--no-table-headers", "name", "leader"];
    let table = node.control(&order).await?;
    let line =
        table.lines().find_map(|line| line.split_once('\t').filter(|(name, _)| *name == queue));
    let (_, leader) = line.with_context(|| format!("there is no queue {queue}"))?;
    let index = nodes.iter().position(|node| node.name() == leader.trim());
    index.with_context(|| format!("{leader} is not a node of the cluster"))
}

async fn leader_killed(drill: &mut Drill) -> anyhow::Result<()> {
    for _ in 0..drill.scale.pick(2, 1) {
        for queue in ["chat.persist", "chat.broadcast"] {
            drill.pause().await;
            let nodes = &drill.deployment.rabbitmq;
            let leader = leader(nodes, queue).await?;
            kill(nodes.get(leader).context("no such node")?).await?;
        }
    }
    Ok(())
}

async fn follower_killed(drill: &mut Drill) -> anyhow::Result<()> {
    for _ in 0..drill.scale.pick(3, 1) {
        drill.pause().await;
        let nodes = &drill.deployment.rabbitmq;
        let leader = leader(nodes, "chat.persist").await?;
        let followers: Vec<_> = (0..nodes.len()).filter(|index| *index != leader).collect();
        let victim = drill.random.choice(followers).and_then(|index| nodes.get(index));
        kill(victim.context("no such node")?).await?;
    }
    Ok(())
}

async fn majority_killed(drill: &mut Drill) -> anyhow::Result<()> {
    drill.pause().await;
    let mut victims: Vec<_> = drill.deployment.rabbitmq.iter().collect();
    drill.random.shuffle(&mut victims);
    victims.truncate(2);
    for node in &victims {
        flush_queue_register(node).await?;
        node.process().suspend_restart();
        node.process().signal(Signal::SIGKILL);
    }
    // Sends that were confirmed before may still be answered.
    drill.load.wait_for_answers(u64::from(Plan::usual(drill.scale).load.clients)).await;
    let before = drill.load.ledger().entries().accepted;
    drill.run_for(20).await;
    let accepted = drill.load.ledger().entries().accepted - before;
    for node in &victims {
        node.process().resume_restart();
    }
    for node in &victims {
        node.ready().await?;
    }
    ensure!(accepted == 0, "{accepted} sends were accepted by one node of three");
    Ok(())
}

async fn partitioned(drill: &mut Drill) -> anyhow::Result<()> {
    for _ in 0..drill.scale.pick(2, 1) {
        drill.pause().await;
        let nodes = &drill.deployment.rabbitmq;
        let leader = leader(nodes, "chat.persist").await?;
        let isolated = nodes.get(leader).context("no such node")?;
        let others: Vec<_> = nodes.iter().filter(|node| node.name() != isolated.name()).collect();
        isolated.part_from(&others).await?;
        drill.run_for(30).await;
        isolated.rejoin(&others).await?;
        drill.run_for(10).await;
    }
    Ok(())
}
