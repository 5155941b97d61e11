use std::time::Duration;

/// The size of a measurement.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Rounds of each row.
    pub rounds: usize,
    /// Duration of a load.
    pub load: Duration,
    /// Duration of the load before a measured one.
    pub warm_up: Duration,
    /// Duration of an idle measurement.
    pub idle: Duration,
    /// Messages that the persister drains.
    pub backlog: u32,
    /// Players who sent them.
    pub players: u32,
    /// Events that the broadcaster sends in a round.
    pub broadcasts: u32,
    /// Messages in the large database.
    pub large: u32,
    /// Idle connections.
    pub connections: usize,
}

impl Scale {
    /// The scale of the published numbers.
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

    /// One short round.
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
