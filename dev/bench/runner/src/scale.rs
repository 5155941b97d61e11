use std::time::Duration;

/// How long and how often it is measured.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// How often everything is measured.
    pub rounds: usize,
    /// Of a load.
    pub load: Duration,
    /// Before a load whose answers count.
    pub warm_up: Duration,
    /// While nothing happens.
    pub idle: Duration,
    /// Messages that the persister drains.
    pub backlog: u32,
    /// Players that these are from.
    pub players: u32,
    /// Events that the broadcaster works off in a round.
    pub broadcasts: u32,
    /// Messages of a large database.
    pub large: u32,
    /// Connections that are opened and left alone.
    pub connections: usize,
}

impl Scale {
    /// What the published numbers are made with.
    pub fn full() -> Self {
        Self {
            rounds: 3,
            load: Duration::from_secs(5),
            warm_up: Duration::from_secs(1),
            idle: Duration::from_secs(20),
            backlog: 1_000_000,
            players: 100_000,
            broadcasts: 200_000,
            large: 10_000_000,
            connections: 10_000,
        }
    }

    /// For a first impression.
    pub fn quick() -> Self {
        Self {
            rounds: 1,
            load: Duration::from_secs(2),
            warm_up: Duration::from_millis(500),
            idle: Duration::from_secs(5),
            backlog: 60_000,
            players: 6_000,
            broadcasts: 60_000,
            large: 500_000,
            connections: 10_000,
        }
    }
}
