use std::fs;

use anyhow::Context;

use crate::{Postgres, PostgresSettings, RabbitMq, RabbitMqSettings, Supervisor};

/// What private servers are started with.
#[derive(Clone, Debug, Default)]
pub struct ServerSettings {
    /// For PostgreSQL.
    pub postgres: PostgresSettings,
    /// For RabbitMQ.
    pub rabbitmq: RabbitMqSettings,
}

/// A private PostgreSQL and a private RabbitMQ.
#[derive(Debug)]
pub struct Servers {
    /// The database.
    pub postgres: Postgres,
    /// The broker.
    pub rabbitmq: RabbitMq,
}

impl Servers {
    /// Starts both at once, and waits until both answer.
    ///
    /// # Errors
    /// When one of them does not start; the other may run then.
    pub async fn start(supervisor: &Supervisor, settings: &ServerSettings) -> anyhow::Result<Self> {
        let postgres = async {
            let started = Postgres::start(supervisor, &settings.postgres).await;
            started.context("PostgreSQL did not start")
        };
        let rabbitmq = async {
            let started = RabbitMq::start(supervisor, &settings.rabbitmq).await;
            started.context("RabbitMQ did not start")
        };
        let (postgres, rabbitmq) = tokio::try_join!(postgres, rabbitmq)?;
        Ok(Self { postgres, rabbitmq })
    }

    /// Removes all data that servers of the supervisor's directory had, while none runs.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn erase(supervisor: &Supervisor) -> anyhow::Result<()> {
        let directory = supervisor.directory();
        let entries = fs::read_dir(directory)
            .with_context(|| format!("cannot list {}", directory.display()))?;
        for entry in entries {
            let entry = entry?;
            // Further nodes are called `rabbitmq-2` and so on.
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name == "postgres" || name == "rabbitmq" || name.starts_with("rabbitmq-") {
                let path = entry.path();
                fs::remove_dir_all(&path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }
}
