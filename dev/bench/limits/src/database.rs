use anyhow::Context;
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::{Client, NoTls};

/// The connection to PostgreSQL: without TLS, on the same machine.
#[derive(Args, Clone, Debug)]
pub struct Database {
    /// URL of a migrated database, such as postgres://user:password@host:5432/name
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: SecretString,
}

impl Database {
    /// Connects; the connection lives as long as the client.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn connect(&self) -> anyhow::Result<Client> {
        let url = self.database_url.expose_secret();
        let (client, connection) =
            tokio_postgres::connect(url, NoTls).await.context("cannot connect to PostgreSQL")?;
        // A query over a broken connection returns the error.
        tokio::spawn(async move { connection.await.unwrap_or_default() });
        Ok(client)
    }
}
