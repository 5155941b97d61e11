use std::time::Duration;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use service::{TlsSettings, settings::duration};

use crate::{Server, address::Address};

/// Settings of the connection to PostgreSQL.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "PostgreSQL")]
pub struct DatabaseSettings {
    /// Address of the database, such as postgres://user:password@host:5432/name. With
    /// ?sslmode=require or ?sslmode=verify-full, which mean the same here, the connection is
    /// encrypted and PostgreSQL's certificate must be valid for the host. With ?sslmode=disable, or
    /// without a mode, it is not encrypted. Other modes are refused, since they guarantee nothing.
    /// Of several hosts, as in postgres://user:password@one:5432,other:5432/name, the first is used
    /// that has the target_session_attrs of the address: read-write for the one that is no standby
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: SecretString,

    /// Longest time that the database may take to answer. To connect, each of several hosts has an
    /// equal share of it
    #[arg(
        long,
        env = "DATABASE_TIMEOUT",
        default_value = "5s",
        value_name = "DURATION",
        value_parser = duration
    )]
    pub database_timeout: Duration,

    /// Trusted certificates
    #[command(flatten)]
    pub tls: TlsSettings,

    /// Which server the address is of
    #[arg(skip)]
    pub server: Server,
}

impl DatabaseSettings {
    /// The settings of a replica at `url`: all others are the same.
    pub fn of_replica(&self, url: SecretString) -> Self {
        Self { database_url: url, server: Server::Replica, ..self.clone() }
    }

    /// Logs a warning when the connection to another machine is not encrypted.
    pub fn warn_of_cleartext(&self) {
        if let Ok(address) = self.address() {
            address.warn_of_cleartext();
        }
    }

    /// Validates the settings.
    ///
    /// # Errors
    /// Names the invalid setting, without its value.
    pub fn check(&self) -> Result<(), String> {
        self.address().map(drop)
    }

    pub(crate) fn address(&self) -> Result<Address, String> {
        Address::parse(self.server, self.database_url.expose_secret())
    }
}
