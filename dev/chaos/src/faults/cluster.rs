//! Nodes of a RabbitMQ cluster are away.

use anyhow::{Context, ensure};
use futures_util::FutureExt;
use nix::sys::signal::Signal;
use stack::RabbitMq;

use super::{Fault, Group, kill, write_register};
use crate::{
    drill::Drill,
    plan::{Plan, Scale},
};

pub(super) fn faults() -> Vec<Fault> {
    let fault = |name, what, inflict| Fault {
        name,
        group: Group::Cluster,
        what,
        plan: of_three_nodes,
        inflict,
    };
    vec![
        fault("leader-killed", "kill -9 of the node that leads the queues", |drill| {
            leader_killed(drill).boxed_local()
        }),
        fault("follower-killed", "kill -9 of a node that follows", |drill| {
            follower_killed(drill).boxed_local()
        }),
        fault(
            "majority-killed",
            "kill -9 of two nodes of three, which are away for 20 s",
            |drill| majority_killed(drill).boxed_local(),
        ),
        fault("partition", "the leading node is parted from the two others for 30 s", |drill| {
            parted(drill).boxed_local()
        }),
    ]
}

fn of_three_nodes(scale: Scale) -> Plan {
    Plan { nodes: 3, ..Plan::usual(scale) }
}

/// Which node leads `queue`, by its place in the cluster.
async fn leader(nodes: &[RabbitMq], queue: &str) -> anyhow::Result<usize> {
    let node = nodes.first().context("there is no broker")?;
    let order = ["list_queues", "--quiet", "--no-table-headers", "name", "leader"];
    let table = node.control(&order).await?;
    let line = table.lines().find_map(|line| line.split_once('\t').filter(|it| it.0 == queue));
    let (_, leader) = line.with_context(|| format!("there is no queue {queue}"))?;
    let place = nodes.iter().position(|node| node.name() == leader.trim());
    place.with_context(|| format!("{leader} is no node of ours"))
}

async fn leader_killed(drill: &mut Drill) -> anyhow::Result<()> {
    for _ in 0..drill.scale.pick(2, 1) {
        for queue in ["chat.persist", "chat.broadcast"] {
            drill.pause().await;
            let nodes = &drill.system.rabbitmq;
            let leader = leader(nodes, queue).await?;
            kill(nodes.get(leader).context("no such node")?).await?;
        }
    }
    Ok(())
}

async fn follower_killed(drill: &mut Drill) -> anyhow::Result<()> {
    for _ in 0..drill.scale.pick(3, 1) {
        drill.pause().await;
        let nodes = &drill.system.rabbitmq;
        let leader = leader(nodes, "chat.persist").await?;
        let followers: Vec<_> = (0..nodes.len()).filter(|place| *place != leader).collect();
        let victim = drill.random.choice(followers).and_then(|place| nodes.get(place));
        kill(victim.context("no such node")?).await?;
    }
    Ok(())
}

async fn majority_killed(drill: &mut Drill) -> anyhow::Result<()> {
    drill.pause().await;
    let mut victims: Vec<_> = drill.system.rabbitmq.iter().collect();
    drill.random.shuffle(&mut victims);
    victims.truncate(2);
    for node in &victims {
        write_register(node).await?;
        node.process().suspend_restart();
        node.process().signal(Signal::SIGKILL);
    }
    // What was confirmed before they died may still be told.
    drill.load.answered(u64::from(Plan::usual(drill.scale).load.clients)).await;
    let before = drill.load.ledger().entries().accepted;
    drill.run_for(20).await;
    let falsely = drill.load.ledger().entries().accepted - before;
    for node in &victims {
        node.process().resume_restart();
    }
    for node in &victims {
        node.ready().await?;
    }
    ensure!(falsely == 0, "{falsely} sends were accepted by one node of three");
    Ok(())
}

async fn parted(drill: &mut Drill) -> anyhow::Result<()> {
    for _ in 0..drill.scale.pick(2, 1) {
        drill.pause().await;
        let nodes = &drill.system.rabbitmq;
        let place = leader(nodes, "chat.persist").await?;
        let lonely = nodes.get(place).context("no such node")?;
        let others: Vec<_> = nodes.iter().filter(|node| node.name() != lonely.name()).collect();
        lonely.part_from(&others).await?;
        drill.run_for(30).await;
        lonely.rejoin(&others).await?;
        drill.run_for(10).await;
    }
    Ok(())
}
