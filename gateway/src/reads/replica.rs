use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use database::{DatabaseSettings, Unavailable};
use diesel::{QueryableByName, sql_query, sql_types::BigInt};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use service::{Outage, health::Dependency};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::ReadPools;
use crate::metrics::HistoryRead;

/// Time between two checks of the replica.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The most positions of the primary that are kept: those of ten minutes.
const MAX_POSITIONS: usize = 600;

/// The settings of a read replica.
#[derive(Clone, Debug)]
pub struct ReplicaConfig {
    /// The settings of its connections.
    pub database: DatabaseSettings,
    /// How far it may be behind the primary.
    pub max_lag: Duration,
}

/// A server that follows the primary, from which pages of conversations and of the inbox are read.
/// It is used while it answers and is not too far behind; otherwise the primary is read.
#[derive(Clone)]
pub struct Replica {
    pub(super) pools: ReadPools,
    config: ReplicaConfig,
    dependency: Dependency,
}

impl Replica {
    /// A replica that is read through `pools`, once [`watch`](Self::watch) found it up to date.
    pub fn new(config: ReplicaConfig, pools: ReadPools) -> Self {
        Self { pools, config, dependency: Dependency::new("replica") }
    }

    /// Whether it is used.
    pub fn is_up(&self) -> bool {
        self.dependency.is_up()
    }

    /// The settings of its connections.
    pub(super) fn settings(&self) -> &DatabaseSettings {
        &self.config.database
    }

    /// Whether it is used for reads of `kind`: for pages, and not for what decides about a request.
    pub(super) fn serves(&self, kind: HistoryRead) -> bool {
        matches!(kind, HistoryRead::Conversation | HistoryRead::Inbox) && self.is_up()
    }

    /// Records that a read failed. The replica is not used until a check finds that it works.
    pub(super) fn failed(&self) {
        self.dependency.set_is_up(false);
    }

    /// Checks the replica once a second until `stop` is cancelled. It compares the positions in the
    /// write-ahead logs, and no clocks. While the primary is away, nothing is written, and the
    /// replica is used however far it is behind.
    pub async fn watch(self, primary: DatabaseSettings, stop: CancellationToken) {
        let watching = async {
            let mut lag = Lag::default();
            let mut outage = Outage::new(self.dependency.clone());
            let (mut to_primary, mut to_replica) = (None, None);
            loop {
                let asked_at = Instant::now();
                let (of_primary, of_replica) = tokio::join!(
                    position(&mut to_primary, &primary),
                    position(&mut to_replica, &self.config.database),
                );
                match self.judge(&mut lag, asked_at, of_primary, of_replica) {
                    Ok(()) => outage.succeeded(),
                    Err(cause) => outage.failed(&cause),
                }
                tokio::time::sleep(CHECK_INTERVAL).await;
            }
        };
        stop.run_until_cancelled(watching).await;
    }

    /// Whether the replica can be used, from the positions of both servers.
    ///
    /// # Errors
    /// Why it cannot.
    fn judge(
        &self,
        lag: &mut Lag,
        asked_at: Instant,
        of_primary: Result<i64, Unavailable>,
        of_replica: Result<i64, Unavailable>,
    ) -> Result<(), String> {
        let replayed = of_replica.map_err(|error| error.to_string())?;
        let Ok(written) = of_primary else { return Ok(()) };
        lag.written(asked_at, written);
        match lag.after_replay(replayed) {
            Some(behind) if behind <= self.config.max_lag => Ok(()),
            Some(behind) => Err(format!("it is {:.0} s behind the primary", behind.as_secs_f64())),
            None => Err("it has not caught up with the primary".to_owned()),
        }
    }
}

/// How far a replica is behind its primary.
#[derive(Debug, Default)]
struct Lag {
    /// Positions of the primary that the replica has not reached, with their times, oldest first.
    written: VecDeque<(Instant, i64)>,
    /// The time of the newest position of the primary that the replica has reached.
    caught_up_at: Option<Instant>,
}

impl Lag {
    fn written(&mut self, at: Instant, position: i64) {
        if self.written.len() == MAX_POSITIONS {
            self.written.pop_front();
        }
        self.written.push_back((at, position));
    }

    /// The lag of a replica that has reached `position`, an upper bound. `None` if it has reached no
    /// position of the primary.
    fn after_replay(&mut self, position: i64) -> Option<Duration> {
        while let Some((at, written)) = self.written.front().copied() {
            if written > position {
                break;
            }
            self.caught_up_at = Some(at);
            self.written.pop_front();
        }
        self.caught_up_at.map(|at| at.elapsed())
    }
}

/// The position up to which a server has written or replayed the write-ahead log, in bytes. Asks over
/// `kept` or a new connection, which is kept when the server answers.
async fn position(
    kept: &mut Option<AsyncPgConnection>,
    settings: &DatabaseSettings,
) -> Result<i64, Unavailable> {
    #[derive(QueryableByName)]
    struct Position {
        #[diesel(sql_type = BigInt)]
        position: i64,
    }
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => database::connect(settings).await?,
    };
    let query = "SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() \
                 ELSE pg_current_wal_lsn() END - '0/0')::bigint AS position";
    let limit = settings.database_timeout;
    let asked = timeout(limit, sql_query(query).get_result::<Position>(&mut connection)).await;
    let answer = asked.map_err(|_| Unavailable::TimedOut(limit))??;
    *kept = Some(connection);
    Ok(answer.position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_is_as_old_as_the_newest_position_that_it_has_reached() {
        let mut lag = Lag::default();
        let second = |seconds| Instant::now() - Duration::from_secs(seconds);
        lag.written(second(30), 100);
        assert_eq!(lag.after_replay(99), None);
        lag.written(second(20), 200);
        lag.written(second(10), 200);
        let behind = |lag: &mut Lag, position| lag.after_replay(position).unwrap().as_secs();
        assert_eq!(behind(&mut lag, 100), 30);
        // Nothing new was replayed: it is as old as before.
        assert_eq!(behind(&mut lag, 100), 30);
        assert_eq!(behind(&mut lag, 250), 10);
    }
}
