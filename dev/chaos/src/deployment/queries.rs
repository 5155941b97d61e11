//! Queries of a drill to its system.

use std::{fs, ops::Deref, time::Duration};

use ::broker::{ConsumerKind, Partitions, QueueNames};
use anyhow::{Context, anyhow, ensure};
use serde_json::Value;
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::{ANSWER_LIMIT, Deployment};

/// A connection to the database.
pub struct Database {
    client: Client,
    _connection: AbortOnDropHandle<()>,
}

impl Deref for Database {
    type Target = Client;

    fn deref(&self) -> &Self::Target {
        &self.client
    }
}

impl Deployment {
    /// The names and versions of the servers.
    ///
    /// # Errors
    /// When a server does not report its version.
    pub async fn versions(&self) -> anyhow::Result<String> {
        let postgres = self.postgres.version().await?;
        let postgres = postgres.split(' ').next().unwrap_or_default();
        let rabbitmq = self.rabbitmq.first().context("there is no broker")?.version().await?;
        Ok(format!("RabbitMQ {rabbitmq} and PostgreSQL {postgres}"))
    }

    /// A connection to the database.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn database(&self) -> anyhow::Result<Database> {
        self.database_at(self.database_url()).await
    }

    async fn database_at(&self, url: &str) -> anyhow::Result<Database> {
        let connect = tokio_postgres::connect(url, NoTls);
        let (client, connection) =
            timeout(ANSWER_LIMIT, connect).await.context("PostgreSQL does not answer")??;
        // A query over a broken connection returns the error.
        let connection = tokio::spawn(async move { connection.await.unwrap_or_default() });
        Ok(Database { client, _connection: AbortOnDropHandle::new(connection) })
    }

    /// The number of persisted messages, status changes and assignments.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rows(&self) -> anyhow::Result<u64> {
        self.rows_at(self.database_url()).await
    }

    /// The same in the database at `url`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn rows_at(&self, url: &str) -> anyhow::Result<u64> {
        let count = "SELECT (SELECT count(*) FROM chat_messages) \
                     + (SELECT count(*) FROM chat_status_changes) \
                     + (SELECT count(*) FROM chat_assignments)";
        let database = self.database_at(url).await?;
        let row = timeout(ANSWER_LIMIT, database.query_one(count, &[])).await??;
        Ok(u64::try_from(row.try_get::<_, i64>(0)?)?)
    }

    /// Whether all messages, status changes and assignments of `ids` are persisted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn has_persisted(&self, ids: &[Uuid]) -> anyhow::Result<bool> {
        let count = "SELECT (SELECT count(*) FROM chat_messages WHERE id = ANY($1)) \
                     + (SELECT count(*) FROM chat_status_changes WHERE id = ANY($1)) \
                     + (SELECT count(*) FROM chat_assignments WHERE id = ANY($1))";
        let database = self.database().await?;
        let row = timeout(ANSWER_LIMIT, database.query_one(count, &[&ids])).await??;
        Ok(usize::try_from(row.try_get::<_, i64>(0)?)? == ids.len())
    }

    /// The number of PostgreSQL's sessions whose commits wait for a standby.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sessions_waiting_for_a_standby(&self) -> anyhow::Result<i64> {
        let count = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        Ok(self.database().await?.query_one(count, &[]).await?.try_get(0)?)
    }

    /// Whether RabbitMQ's log contains `words`.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn rabbitmq_logged(&self, words: &str) -> anyhow::Result<bool> {
        Ok(fs::read_to_string(self.directory.join("logs/rabbitmq.log"))?.contains(words))
    }

    /// The longest time from the acceptance of a message until it was persisted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn longest_time_to_persist(&self) -> anyhow::Result<Duration> {
        let longest = "SELECT coalesce(extract(epoch FROM max(persisted_at - accepted_at)), 0)::float8 \
                       FROM chat_messages";
        let row = self.database().await?.query_one(longest, &[]).await?;
        Ok(Duration::from_secs_f64(row.try_get::<_, f64>(0)?.max(0.0)))
    }

    /// The answer of each gateway to `/health/ready`.
    ///
    /// # Errors
    /// When a gateway does not answer.
    pub async fn readiness(&self) -> anyhow::Result<Vec<Value>> {
        let mut answers = Vec::new();
        for address in self.gateway_addresses() {
            let answer = self.http.get(format!("http://{address}/health/ready")).send().await?;
            answers.push(answer.json().await?);
        }
        Ok(answers)
    }

    /// The number of dead letters of the persister and of the broadcaster.
    ///
    /// # Errors
    /// When no node of the broker answers, or a queue is missing.
    pub async fn dead_letters(&self) -> anyhow::Result<[u64; 2]> {
        self.depths(|names, worker| vec![names.dead_letters(worker)]).await
    }

    /// The number of bodies that the persister and the broadcaster have not acknowledged, in all
    /// partitions.
    ///
    /// # Errors
    /// When no node of the broker answers, or a queue is missing.
    pub async fn waiting(&self) -> anyhow::Result<[u64; 2]> {
        self.depths(|names, worker| names.queues(worker, Partitions::MOST)).await
    }

    /// The number of bodies in `queues` of each worker, unacknowledged deliveries included.
    async fn depths(
        &self,
        queues: fn(&QueueNames, ConsumerKind) -> Vec<String>,
    ) -> anyhow::Result<[u64; 2]> {
        const LIST: [&str; 5] =
            ["list_queues", "--quiet", "--no-table-headers", "name", "messages"];
        let mut answer = Err(anyhow!("there is no broker"));
        for node in &self.rabbitmq {
            answer = node.control(&LIST).await;
            if answer.is_ok() {
                break;
            }
        }
        let (table, names) = (answer?, QueueNames::new("chat"));
        let [persister, broadcaster] = ConsumerKind::ALL.map(|worker| queues(&names, worker));
        Ok([depth_in(&table, &persister)?, depth_in(&table, &broadcaster)?])
    }
}

/// The sum of the depths of `queues` in RabbitMQ's table of names and depths.
fn depth_in(table: &str, queues: &[String]) -> anyhow::Result<u64> {
    let lines = table.lines().filter_map(|line| line.split_once('\t'));
    let found: Vec<_> =
        lines.filter(|(name, _)| queues.iter().any(|queue| queue == name)).collect();
    ensure!(!found.is_empty(), "none of the queues {queues:?} exists");
    let depths = found.iter().map(|(_, depth)| depth.trim().parse::<u64>());
    Ok(depths.sum::<Result<_, _>>()?)
}
