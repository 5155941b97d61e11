use std::fmt;

use futures_util::future::LocalBoxFuture;

use crate::{
    drill::Drill,
    plan::{Plan, Scale},
};

/// The kind of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Services are killed or restarted.
    Processes,
    /// PostgreSQL is down, hangs or refuses.
    Database,
    /// RabbitMQ is down, hangs or refuses.
    Broker,
    /// Nodes of a RabbitMQ cluster are down.
    Cluster,
    /// Pusher is down, hangs or refuses.
    Pusher,
    /// The queues hold events that cannot be processed.
    Poison,
    /// Clocks are wrong.
    Clocks,
    /// The load exceeds the capacity.
    Pressure,
    /// One client takes the resources of others.
    Abuse,
}

/// A fault that can be inflicted on a system under load.
#[derive(Clone)]
pub struct Fault {
    /// Its name on the command line and in the report.
    pub name: &'static str,
    /// Its kind.
    pub group: Group,
    /// A short description for `--list`.
    pub description: &'static str,
    /// The system on which it is inflicted.
    pub plan: fn(Scale) -> Plan,
    /// Inflicts it, and ends it.
    pub inflict: Inflict,
}

/// Inflicts a fault on the system of a drill, and ends it.
pub type Inflict = for<'a> fn(&'a mut Drill) -> LocalBoxFuture<'a, anyhow::Result<()>>;

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}
