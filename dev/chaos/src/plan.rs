use std::time::Duration;

use crate::load::Load;

/// How large a drill is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Faults last for as long as outages do, as `make chaos` has it.
    Full,
    /// Faults last until something was seen to happen, as `make test` has it.
    Brief,
}

impl Scale {
    /// `full` or `brief`, whichever it is.
    pub fn pick<T>(self, full: T, brief: T) -> T {
        match self {
            Self::Full => full,
            Self::Brief => brief,
        }
    }
}

/// The system that a fault is inflicted on.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Nodes of RabbitMQ.
    pub nodes: usize,
    /// Further settings of RabbitMQ's, by the names of `rabbitmq.conf`.
    pub rabbitmq: Vec<(&'static str, String)>,
    /// Further settings of PostgreSQL's, by the names of `postgresql.conf`.
    pub postgres: Vec<(&'static str, String)>,
    /// Further settings of the services, by the names of their variables.
    pub services: Vec<(&'static str, String)>,
    /// Whether the services reach RabbitMQ through a proxy that can cut them off.
    pub proxied: bool,
    /// Whether each gateway has a clock of its own, which can be set.
    pub own_clocks: bool,
    /// What the clients send.
    pub load: Load,
    /// The time within which everything must be where it belongs once the fault is over.
    pub patience: Duration,
}

impl Plan {
    /// What most faults are inflicted on.
    pub fn usual(scale: Scale) -> Self {
        let load = Load {
            clients: scale.pick(24, 12),
            per_second: Some(scale.pick(120, 200)),
            players: scale.pick(60, 12),
        };
        Self {
            nodes: 1,
            rabbitmq: Vec::new(),
            postgres: Vec::new(),
            services: Vec::new(),
            proxied: false,
            own_clocks: false,
            load,
            patience: Duration::from_secs(180),
        }
    }

    /// The same with a further setting of RabbitMQ's.
    pub fn rabbitmq(mut self, name: &'static str, value: impl ToString) -> Self {
        self.rabbitmq.push((name, value.to_string()));
        self
    }

    /// The same with a further setting of PostgreSQL's.
    pub fn postgres(mut self, name: &'static str, value: impl ToString) -> Self {
        self.postgres.push((name, value.to_string()));
        self
    }

    /// The same with a further setting of the services.
    pub fn services(mut self, name: &'static str, value: impl ToString) -> Self {
        self.services.push((name, value.to_string()));
        self
    }
}
