use std::fs;

use anyhow::Context;

use crate::{
    Postgres, PostgresSettings, RabbitMq, RabbitMqSettings, Supervisor, services::ATTACHMENTS,
};

/// The settings of private servers.
#[derive(Clone, Debug, Default)]
pub struct ServerSettings {
    /// Of PostgreSQL.
    pub postgres: PostgresSettings,
    /// Of RabbitMQ.
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
    /// Starts both at once, and waits until both are ready.
    ///
    /// # Errors
    /// When one of them does not start. The other may run then.
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

    /// Deletes the data of servers in the supervisor's directory, the attachments, and all logs. No
    /// server and no gateway may run.
    ///
    /// # Errors
    /// When they cannot be deleted.
    pub fn erase(supervisor: &Supervisor) -> anyhow::Result<()> {
        let directory = supervisor.directory();
        let entries = fs::read_dir(directory)
            .with_context(|| format!("cannot list {}", directory.display()))?;
        for entry in entries {
            let entry = entry?;
            // Further nodes have names such as `rabbitmq-2`.
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if matches!(&*name, ATTACHMENTS | "logs" | "postgres" | "postgres-standby" | "rabbitmq")
                || name.starts_with("rabbitmq-")
            {
                let path = entry.path();
                fs::remove_dir_all(&path)
                    .with_context(|| format!("cannot delete {}", path.display()))?;
            }
        }
        Ok(())
    }
}
