//! What is done to the system. One file a group.

mod abuse;
mod broker;
mod clocks;
mod cluster;
mod database;
mod partitions;
mod poison;
mod pressure;
mod processes;
mod pusher;

use std::fmt;

use futures_util::future::LocalBoxFuture;
use nix::sys::signal::Signal;
use stack::RabbitMq;

use crate::{
    drill::Drill,
    plan::{Plan, Scale},
};

/// What kind of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Services die or are restarted.
    Processes,
    /// PostgreSQL is away, hangs or refuses.
    Database,
    /// RabbitMQ is away, hangs or refuses.
    Broker,
    /// Nodes of a RabbitMQ cluster are away.
    Cluster,
    /// Pusher is away, hangs or refuses.
    Pusher,
    /// Something unreadable is in the queues.
    Poison,
    /// Clocks are wrong.
    Clocks,
    /// More comes than can be dealt with.
    Pressure,
    /// One client takes what others need.
    Abuse,
}

/// One bad thing.
#[derive(Clone)]
pub struct Fault {
    /// How it is called.
    pub name: &'static str,
    /// What kind of fault it is.
    pub group: Group,
    /// What is done, in a few words.
    pub what: &'static str,
    /// What it is done to.
    pub plan: fn(Scale) -> Plan,
    /// Does it, and sees to it that it is over in the end.
    pub inflict: Inflict,
}

/// How a fault is inflicted.
pub type Inflict = for<'a> fn(&'a mut Drill) -> LocalBoxFuture<'a, anyhow::Result<()>>;

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

/// Every fault there is.
pub fn all() -> Vec<Fault> {
    [
        processes::faults(),
        partitions::faults(),
        database::faults(),
        broker::faults(),
        cluster::faults(),
        pusher::faults(),
        poison::faults(),
        clocks::faults(),
        pressure::faults(),
        abuse::faults(),
    ]
    .concat()
}

/// Kills a node of RabbitMQ, and waits until it is there again.
async fn kill(node: &RabbitMq) -> anyhow::Result<()> {
    write_register(node).await?;
    let killed = node.process().identity();
    node.process().signal(Signal::SIGKILL);
    node.process().replaced(killed).await;
    node.ready().await
}

/// Has a node write its register of queues to disk. RabbitMQ 3.10 does so half a second after a queue is
/// made; a node that is killed before comes back with a queue that never has a leader, which is a fault
/// of its own (`queue-leaderless`).
async fn write_register(node: &RabbitMq) -> anyhow::Result<()> {
    node.control(&["eval", "dets:sync(ra_directory_reverse)."]).await?;
    Ok(())
}
