use std::time::Duration;

use clap::Args;
use database::DatabaseSettings;
use secrecy::SecretString;
use service::settings::duration;

use crate::reads::ReplicaConfig;

/// The lag is measured once a second.
const MIN_MAX_LAG: Duration = Duration::from_secs(3);

/// Settings of a read replica.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "PostgreSQL")]
pub struct ReplicaSettings {
    /// Address of a read replica, a streaming standby of the database in DATABASE_URL, in the same
    /// form. Pages of conversations and of the inbox are read from it while it answers and is not
    /// too far behind, and from DATABASE_URL otherwise
    #[arg(long, env = "DATABASE_READ_URL", value_name = "URL", hide_env_values = true)]
    pub database_read_url: Option<SecretString>,

    /// How far the read replica may be behind, 3s at least
    #[arg(
        long,
        env = "DATABASE_READ_MAX_LAG",
        default_value = "5s",
        value_name = "DURATION",
        value_parser = duration
    )]
    pub database_read_max_lag: Duration,
}

impl ReplicaSettings {
    /// The replica of `primary`; `None` when there is none.
    ///
    /// # Errors
    /// Names the invalid setting, without its value.
    pub(super) fn parse(self, primary: &DatabaseSettings) -> Result<Option<ReplicaConfig>, String> {
        let Some(url) = self.database_read_url else { return Ok(None) };
        if self.database_read_max_lag < MIN_MAX_LAG {
            return Err(format!("DATABASE_READ_MAX_LAG must be {MIN_MAX_LAG:?} at least"));
        }
        let database = primary.of_replica(url);
        database.check()?;
        Ok(Some(ReplicaConfig { database, max_lag: self.database_read_max_lag }))
    }
}
