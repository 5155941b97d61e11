use std::process::Command;

use base64::{Engine, prelude::BASE64_STANDARD};
use test_support::{System, program, token_by};
use uuid::Uuid;

/// The settings of services on the servers of the tests, with all of their secrets.
pub struct Planted {
    /// Names with values.
    settings: Vec<(&'static str, String)>,
}

/// Settings that `--help` says are secrets; each of them is planted.
pub const SECRETS: [&str; 7] = [
    "AMQP_URL",
    "AUTH_JWT_SECOND_SECRET",
    "AUTH_JWT_SECRET",
    "DATABASE_URL",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "PUSHER_ENCRYPTION_MASTER_KEY",
    "PUSHER_SECRET",
];

const HEADER: &str = "authorization=";

/// A secret, or a message, that is nowhere else.
pub fn unheard_of() -> String {
    Uuid::new_v4().simple().to_string()
}

/// What of a setting nobody may find: of an address, the password, and of a header, its value.
fn secret(value: &str) -> &str {
    if let Some(value) = value.strip_prefix(HEADER) {
        return value;
    }
    let account = value.rsplit_once('@').map(|(account, _)| account);
    account.and_then(|account| account.rsplit_once(':')).map_or(value, |(_, password)| password)
}

impl Planted {
    /// Those by which the system works.
    pub fn right(system: &System) -> Self {
        Self::with(system, &system.broker.url, &system.database.url)
    }

    /// Those with which neither RabbitMQ nor PostgreSQL lets a service in.
    pub fn wrong(system: &System) -> Self {
        let wrong = |url: &str| url.replace(secret(url), &unheard_of());
        Self::with(system, &wrong(&system.broker.url), &wrong(&system.database.url))
    }

    fn with(system: &System, amqp_url: &str, database_url: &str) -> Self {
        let free_port = || "127.0.0.1:0".to_owned();
        let settings = vec![
            ("GATEWAY_LISTEN", free_port()),
            ("GATEWAY_METRICS_LISTEN", free_port()),
            ("PERSISTER_LISTEN", free_port()),
            ("BROADCASTER_LISTEN", free_port()),
            ("LOCAL_PUSHER_LISTEN", free_port()),
            ("AMQP_URL", amqp_url.to_owned()),
            ("DATABASE_URL", database_url.to_owned()),
            ("PUSHER_SECRET", unheard_of()),
            ("PUSHER_CHANNEL_ACCESS", "encrypted".to_owned()),
            ("PUSHER_ENCRYPTION_MASTER_KEY", BASE64_STANDARD.encode(unheard_of())),
            ("PUSHER_APP_ID", "app".to_owned()),
            ("PUSHER_KEY", "key".to_owned()),
            ("OTEL_EXPORTER_OTLP_HEADERS", format!("{HEADER}{}", unheard_of())),
            ("QUEUE_PREFIX", system.broker.prefix.clone()),
            ("AUTH_MODE", "jwt".to_owned()),
            ("AUTH_JWT_SECRET", unheard_of()),
            ("AUTH_JWT_SECOND_SECRET", unheard_of()),
            // Many tests at once make a broker slow on a small machine.
            ("BROKER_TIMEOUT", "10s".to_owned()),
            ("SEND_TIMEOUT", "20s".to_owned()),
            ("RUST_LOG", "trace".to_owned()),
        ];
        Self { settings }
    }

    /// The value of a setting.
    pub fn get(&self, name: &str) -> &str {
        &self.settings.iter().find(|(it, _)| *it == name).unwrap().1
    }

    /// Gives a setting another value.
    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.settings.retain(|(it, _)| *it != name);
        self.settings.push((name, value.into()));
    }

    /// A token of the player p1's.
    pub fn token(&self) -> String {
        token_by(self.get("AUTH_JWT_SECRET"), "player", "p1")
    }

    /// A program with these settings.
    pub fn program(&self, words: &[&str]) -> Command {
        let mut command = program(words);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Looks for the secrets in `text`, which is what `who` said, also as programs write out bytes.
    pub fn are_not_in(&self, who: &str, text: &str) {
        for name in SECRETS {
            is_not_in(secret(self.get(name)), who, text);
        }
    }
}

/// Looks for `needle` in `text`, which is what `who` said.
pub fn is_not_in(needle: &str, who: &str, text: &str) {
    let bytes = format!("{:?}", needle.as_bytes());
    let numbers = bytes.trim_matches(['[', ']']);
    let hexadecimal: String = needle.bytes().map(|byte| format!("{byte:02x}")).collect();
    for form in [needle, numbers, &hexadecimal] {
        let line = text.lines().find(|line| line.contains(form));
        assert!(line.is_none(), "{who} says {needle}: {}", line.unwrap_or_default());
    }
}
