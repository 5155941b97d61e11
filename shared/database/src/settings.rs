use std::time::Duration;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use service::{TlsSettings, settings::duration, warn_of_cleartext};
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

/// How to reach PostgreSQL.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "PostgreSQL")]
pub struct DatabaseSettings {
    /// Address of the database, such as postgres://user:password@host:5432/name. With
    /// ?sslmode=require or ?sslmode=verify-full behind it, which mean the same here, the connection is
    /// encrypted, and PostgreSQL must prove by its certificate that it is that host; with
    /// ?sslmode=disable or nothing, it is not encrypted. Other modes promise nothing and are refused
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: SecretString,

    /// Time within which the database must answer
    #[arg(long, env = "DATABASE_TIMEOUT", default_value = "5s", value_parser = duration, value_name = "DURATION")]
    pub database_timeout: Duration,

    /// Whom an encrypted connection trusts
    #[command(flatten)]
    pub tls: TlsSettings,
}

impl DatabaseSettings {
    /// Warns when PostgreSQL on another machine is reached without encryption.
    pub fn warn_of_cleartext(&self) {
        let Ok(config) = self.parsed() else { return };
        let hosts = config.get_hosts().iter().filter_map(|host| match host {
            Host::Tcp(host) if config.get_ssl_mode() == SslMode::Disable => Some(host.as_str()),
            _ => None,
        });
        warn_of_cleartext("DATABASE_URL", hosts);
    }

    /// What is wrong with the settings, if something is, without showing a secret.
    ///
    /// # Errors
    /// Names the setting.
    pub fn check(&self) -> Result<(), String> {
        self.parsed().map(drop)
    }

    pub(crate) fn parsed(&self) -> Result<Config, String> {
        let url = self.database_url.expose_secret();
        let is_address = ["postgres://", "postgresql://"].iter().any(|it| url.starts_with(it));
        // The driver takes the first @ for the end of the password, which may hold a question mark.
        let after_password = url.find('@').unwrap_or_default();
        let (_, rest) = url.split_at(after_password);
        let (_, parameters) = rest.split_once('?').unwrap_or_default();
        let address = url.strip_suffix(parameters).unwrap_or(url);
        let (modes, others): (Vec<_>, Vec<_>) =
            parameters.split('&').partition(|it| it.starts_with("sslmode="));
        // The driver knows no `verify-full`, and what it does without a mode is to trust anybody.
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
    fn encryption_is_what_the_address_says_and_nothing_between() {
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
            let refusal = parsed(&format!("postgres://u:p@h/chat?sslmode={weak}")).unwrap_err();
            assert!(refusal.contains("sslmode must be"), "{weak}: {refusal}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_shown() {
        for wrong in
            ["mysql://u:secret@h/chat", "host=h password=secret", "postgres://u:secret@h:x/"]
        {
            assert!(!parsed(wrong).unwrap_err().contains("secret"), "{wrong}");
        }
    }
}
