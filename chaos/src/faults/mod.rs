//! What is done to the system. One file a group.

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
    ]
    .concat()
}
