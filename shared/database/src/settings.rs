use std::time::Duration;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use service::{TlsSettings, settings::duration, warn_of_cleartext};
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

/// Settings of the connection to PostgreSQL.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "PostgreSQL")]
pub struct DatabaseSettings {
    /// Address of the database, such as postgres://user:password@host:5432/name. With
    /// ?sslmode=require or ?sslmode=verify-full, which mean the same here, the connection is
    /// encrypted and PostgreSQL's certificate must be valid for the host. With ?sslmode=disable, or
    /// without a mode, it is not encrypted. Other modes are refused, since they guarantee nothing
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: SecretString,

    /// Longest time that the database may take to answer
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
}

impl DatabaseSettings {
    /// Logs a warning when the connection to another machine is not encrypted.
    pub fn warn_of_cleartext(&self) {
        let Ok(config) = self.parsed() else { return };
        let hosts = config.get_hosts().iter().filter_map(|host| match host {
            Host::Tcp(host) if config.get_ssl_mode() == SslMode::Disable => Some(host.as_str()),
            _ => None,
        });
        warn_of_cleartext("DATABASE_URL", hosts);
    }

    /// Validates the settings.
    ///
    /// # Errors
    /// Names the invalid setting, without its value.
    pub fn check(&self) -> Result<(), String> {
        self.parsed().map(drop)
    }

    pub(crate) fn parsed(&self) -> Result<Config, String> {
        let url = self.database_url.expose_secret();
        let is_address =
            ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
        // For the driver the password ends at the first @; it may contain a question mark.
        let after_password = url.find('@').unwrap_or_default();
        let (_, rest) = url.split_at(after_password);
        let (_, parameters) = rest.split_once('?').unwrap_or_default();
        let address = url.strip_suffix(parameters).unwrap_or(url);
        let (modes, others): (Vec<_>, Vec<_>) =
            parameters.split('&').partition(|parameter| parameter.starts_with("sslmode="));
        // The driver does not know `verify-full`, and its default mode accepts any server.
        let mode = match modes.last() {
            None | Some(&"sslmode=disable") => SslMode::Disable,
            Some(&"sslmode=require" | &"sslmode=verify-full") => SslMode::Require,
            Some(_) => {
                return Err("DATABASE_URL: sslmode must be disable, require or verify-full".into());
            }
        };
        let parsed = format!("{address}{}", others.join("&")).parse::<Config>();
        let mut config = parsed
            .ok()
            .filter(|_| is_address)
            .ok_or_else(|| "DATABASE_URL must be a postgres:// address".to_owned())?;
        config.ssl_mode(mode);
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Settings {
        #[command(flatten)]
        database: DatabaseSettings,
    }

    fn parsed(url: &str) -> Result<Config, String> {
        Settings::parse_from(["test", "--database-url", url]).database.parsed()
    }

    #[test]
    fn only_modes_that_require_or_disable_encryption_are_accepted() {
        for (parameters, mode) in [
            ("", SslMode::Disable),
            ("?sslmode=disable", SslMode::Disable),
            ("?sslmode=require", SslMode::Require),
            ("?application_name=x&sslmode=verify-full&connect_timeout=3", SslMode::Require),
        ] {
            let config = parsed(&format!("postgres://u:p@localhost:1/chat{parameters}")).unwrap();
            assert_eq!(config.get_ssl_mode(), mode, "{parameters}");
            assert_eq!(config.get_dbname(), Some("chat"), "{parameters}");
        }
        let config = parsed("postgres://u:p?sslmode=@h/chat?application_name=x").unwrap();
        assert_eq!(config.get_password(), Some("p?sslmode=".as_bytes()));
        assert_eq!(config.get_application_name(), Some("x"));
        for weak in ["prefer", "allow", "verify-ca", "", "require&sslmode=prefer"] {
            let error = parsed(&format!("postgres://u:p@h/chat?sslmode={weak}")).unwrap_err();
            assert!(error.contains("sslmode must be"), "{weak}: {error}");
        }
    }

    #[test]
    fn an_invalid_address_is_refused_without_showing_it() {
        for invalid in
            ["mysql://u:secret@h/chat", "host=h password=secret", "postgres://u:secret@h:x/"]
        {
            assert!(!parsed(invalid).unwrap_err().contains("secret"), "{invalid}");
        }
    }
}
