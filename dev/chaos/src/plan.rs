use std::time::Duration;

use crate::load::Load;

/// The size of a drill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Faults last as long as outages do. For `make chaos`, on a machine that does nothing else.
    Full,
    /// Faults last until their effect is observed. For `make test`, beside other tests.
    Brief,
}

impl Scale {
    /// `full` or `brief`.
    pub fn pick<T>(self, full: T, brief: T) -> T {
        match self {
            Self::Full => full,
            Self::Brief => brief,
        }
    }

    /// Whether a slow answer fails the drill.
    pub fn has_time_limits(self) -> bool {
        self == Self::Full
    }
}

/// Where the attachments of a system are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// In a directory.
    Disk,
    /// In a directory, after a scan by clamd.
    Scanned,
    /// On an S3 server, behind a proxy that can fail.
    S3,
}

/// How a standby of the database follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replication {
    /// A commit does not wait for the standby.
    Asynchronous,
    /// A commit is confirmed once the standby has written it.
    Synchronous,
}

/// The system on which a fault is inflicted.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Nodes of RabbitMQ.
    pub nodes: usize,
    /// Additional settings of RabbitMQ, by their names in `rabbitmq.conf`.
    pub rabbitmq: Vec<(&'static str, String)>,
    /// Additional settings of the services, by the names of their variables.
    pub services: Vec<(&'static str, String)>,
    /// Persisters: two at least.
    pub persisters: usize,
    /// Whether the services reach RabbitMQ through a proxy that can cut connections.
    pub proxied: bool,
    /// Whether each gateway has a clock of its own, which can be set.
    pub own_clocks: bool,
    /// Where the attachments are.
    pub store: Store,
    /// How the database's standby follows it; `None` without a standby.
    pub standby: Option<Replication>,
    /// The load.
    pub load: Load,
    /// Time within which everything must be persisted and broadcast after the fault.
    pub recovery_limit: Duration,
}

impl Plan {
    /// The plan of most faults.
    pub fn usual(scale: Scale) -> Self {
        let load = Load {
            clients: scale.pick(24, 12),
            per_second: Some(scale.pick(120, 200)),
            players: scale.pick(60, 12),
        };
        Self {
            nodes: 1,
            rabbitmq: Vec::new(),
            services: Vec::new(),
            persisters: 2,
            proxied: false,
            own_clocks: false,
            store: Store::Disk,
            standby: None,
            load,
            recovery_limit: Duration::from_secs(180),
        }
    }

    /// The same with an additional setting of RabbitMQ.
    pub fn rabbitmq(mut self, name: &'static str, value: impl ToString) -> Self {
        self.rabbitmq.push((name, value.to_string()));
        self
    }

    /// The same with an additional setting of the services.
    pub fn services(mut self, name: &'static str, value: impl ToString) -> Self {
        self.services.push((name, value.to_string()));
        self
    }
}
