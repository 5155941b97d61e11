//! What a drill asks a system, beside the system's own work.

use std::{fs, ops::Deref, time::Duration};

use ::broker::{ConsumerKind, Partitions, QueueNames};
use anyhow::{Context, anyhow, ensure};
use serde_json::Value;
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::{ANSWER_LIMIT, System};

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

impl System {
    /// Which servers these are, by name and version.
    ///
    /// # Errors
    /// When one does not say.
    pub async fn versions(&self) -> anyhow::Result<String> {
        let postgres = self.postgres.version().await?;
        let postgres = postgres.split(' ').next().unwrap_or_default();
        let rabbitmq = self.rabbitmq.first().context("there is no broker")?.version().await?;
        Ok(format!("RabbitMQ {rabbitmq} and PostgreSQL {postgres}"))
    }

    /// Connects to the database as the services do.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn database(&self) -> anyhow::Result<Database> {
        let connect = tokio_postgres::connect(self.postgres.url(), NoTls);
        let (client, connection) =
            timeout(ANSWER_LIMIT, connect).await.context("PostgreSQL does not answer")??;
        // How it ends, whoever asks over it is told.
        let connection = tokio::spawn(async move { connection.await.unwrap_or_default() });
        Ok(Database { client, _connection: AbortOnDropHandle::new(connection) })
    }

    /// How many messages and changes are persisted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rows(&self) -> anyhow::Result<u64> {
        let count = "SELECT (SELECT count(*) FROM chat_messages) \
                     + (SELECT count(*) FROM chat_status_changes)";
        let database = self.database().await?;
        let row = timeout(ANSWER_LIMIT, database.query_one(count, &[])).await??;
        Ok(u64::try_from(row.try_get::<_, i64>(0)?)?)
    }

    /// Whether all of these messages and changes are persisted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn has_persisted(&self, ids: &[Uuid]) -> anyhow::Result<bool> {
        let count = "SELECT (SELECT count(*) FROM chat_messages WHERE id = ANY($1)) \
                     + (SELECT count(*) FROM chat_status_changes WHERE id = ANY($1))";
        let database = self.database().await?;
        let row = timeout(ANSWER_LIMIT, database.query_one(count, &[&ids])).await??;
        Ok(usize::try_from(row.try_get::<_, i64>(0)?)? == ids.len())
    }

    /// Whether RabbitMQ wrote `words` to its log.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn rabbitmq_wrote(&self, words: &str) -> anyhow::Result<bool> {
        Ok(fs::read_to_string(self.logs.join("rabbitmq.log"))?.contains(words))
    }

    /// The longest that it took from the acceptance of a message until it was persisted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn longest_way_to_the_database(&self) -> anyhow::Result<Duration> {
        let longest = "SELECT coalesce(extract(epoch FROM max(persisted_at - accepted_at)), 0)::float8 \
                       FROM chat_messages";
        let row = self.database().await?.query_one(longest, &[]).await?;
        Ok(Duration::from_secs_f64(row.try_get::<_, f64>(0)?.max(0.0)))
    }

    /// What each gateway answers to `/health/ready`.
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

    /// How many dead letters the persister and the broadcaster have.
    ///
    /// # Errors
    /// When no node of the broker answers, or there is no such queue.
    pub async fn dead_letters(&self) -> anyhow::Result<[u64; 2]> {
        self.depths(|names, worker| vec![names.dead_letters(worker)]).await
    }

    /// How many bodies the persister and the broadcaster still have to deal with, in all partitions
    /// that there are.
    ///
    /// # Errors
    /// When no node of the broker answers, or there is no such queue.
    pub async fn waiting(&self) -> anyhow::Result<[u64; 2]> {
        self.depths(|names, worker| names.queues(worker, Partitions::MOST)).await
    }

    /// How many bodies some queues of each worker hold, with those that a worker has and has not
    /// acknowledged.
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

/// The sum of the numbers beside those of `queues` that are in RabbitMQ's table of names and numbers.
fn depth_in(table: &str, queues: &[String]) -> anyhow::Result<u64> {
    let lines = table.lines().filter_map(|line| line.split_once('\t'));
    let found: Vec<_> = lines.filter(|(name, _)| queues.iter().any(|it| it == name)).collect();
    ensure!(!found.is_empty(), "there is none of the queues {queues:?}");
    let depths = found.iter().map(|(_, depth)| depth.trim().parse::<u64>());
    Ok(depths.sum::<Result<_, _>>()?)
}
