use std::time::Duration;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use shared::service::settings::duration;

/// How to reach PostgreSQL.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "PostgreSQL")]
pub struct DatabaseSettings {
    /// Address of the database, such as postgres://user:password@host:5432/name
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: SecretString,

    /// Time within which the database must answer
    #[arg(long, env = "DATABASE_TIMEOUT", default_value = "5s", value_parser = duration, value_name = "DURATION")]
    pub database_timeout: Duration,
}

impl DatabaseSettings {
    /// What is wrong with the settings, if something is, without showing a secret.
    ///
    /// # Errors
    /// Names the setting.
    pub fn check(&self) -> Result<(), String> {
        self.parsed().map(drop)
    }

    pub(crate) fn parsed(&self) -> Result<tokio_postgres::Config, String> {
        self.database_url
            .expose_secret()
            .parse()
            .map_err(|_| "DATABASE_URL must be a postgres:// address".to_owned())
    }
}
