use std::process::Command;

use base64::{Engine, prelude::BASE64_STANDARD};
use test_support::{System, program, token_by};
use uuid::Uuid;

/// Settings of the services with a recognizable value for each secret.
pub struct Planted {
    /// Names and values.
    settings: Vec<(&'static str, String)>,
}

/// The settings that `--help` marks as secrets; each of them is planted.
pub const SECRETS: [&str; 12] = [
    "AMQP_URL",
    "ATTACHMENT_SECOND_SECRET",
    "ATTACHMENT_SECRET",
    "AUTH_JWT_SECOND_SECRET",
    "AUTH_JWT_SECRET",
    "AWS_SECRET_ACCESS_KEY",
    "DATABASE_READ_URL",
    "DATABASE_URL",
    "LOCAL_PUSHER_SECOND_SECRET",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "PUSHER_ENCRYPTION_MASTER_KEY",
    "PUSHER_SECRET",
];

const HEADER: &str = "authorization=";

/// A text that occurs nowhere else.
pub fn unique_text() -> String {
    Uuid::new_v4().simple().to_string()
}

/// The secret part of a setting: the password of a URL, the value of a header, or all of it.
fn secret(value: &str) -> &str {
    if let Some(value) = value.strip_prefix(HEADER) {
        return value;
    }
    let account = value.rsplit_once('@').map(|(account, _)| account);
    account.and_then(|account| account.rsplit_once(':')).map_or(value, |(_, password)| password)
}

impl Planted {
    /// Valid settings.
    pub fn valid(system: &System) -> Self {
        Self::with(system, &system.broker.url, &system.database.url)
    }

    /// Settings with passwords that RabbitMQ and PostgreSQL reject.
    pub fn invalid(system: &System) -> Self {
        let wrong = |url: &str| url.replace(secret(url), &unique_text());
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
            ("DATABASE_READ_URL", database_url.to_owned()),
            ("PUSHER_SECRET", unique_text()),
            ("PUSHER_CHANNEL_ACCESS", "encrypted".to_owned()),
            ("PUSHER_ENCRYPTION_MASTER_KEY", BASE64_STANDARD.encode(unique_text())),
            ("PUSHER_APP_ID", "app".to_owned()),
            ("PUSHER_KEY", "key".to_owned()),
            ("LOCAL_PUSHER_SECOND_KEY", "second".to_owned()),
            ("LOCAL_PUSHER_SECOND_SECRET", unique_text()),
            ("OTEL_EXPORTER_OTLP_HEADERS", format!("{HEADER}{}", unique_text())),
            ("QUEUE_PREFIX", system.broker.prefix.clone()),
            ("AUTH_MODE", "jwt".to_owned()),
            ("AUTH_JWT_SECRET", unique_text()),
            ("AUTH_JWT_SECOND_SECRET", unique_text()),
            ("MEMORY_LIMIT", "1GiB".to_owned()),
            ("ATTACHMENT_STORE", "s3://bucket".to_owned()),
            ("ATTACHMENT_SECRET", unique_text()),
            ("ATTACHMENT_SECOND_SECRET", unique_text()),
            // The gateway logs that no server is there.
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9".to_owned()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "key".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", unique_text()),
            // Long, as many tests share the broker.
            ("BROKER_TIMEOUT", "10s".to_owned()),
            ("SEND_TIMEOUT", "20s".to_owned()),
            ("RUST_LOG", "trace".to_owned()),
        ];
        Self { settings }
    }

    /// The value of a setting.
    pub fn get(&self, name: &str) -> &str {
        &self.settings.iter().find(|(setting, _)| *setting == name).unwrap().1
    }

    /// Changes the value of a setting.
    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.settings.retain(|(setting, _)| *setting != name);
        self.settings.push((name, value.into()));
    }

    /// A token of the player p1.
    pub fn token(&self) -> String {
        token_by(self.get("AUTH_JWT_SECRET"), "player", "p1")
    }

    /// A program with these settings.
    pub fn program(&self, words: &[&str]) -> Command {
        let mut command = program(words);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Checks that `text`, the output of `source`, contains no secret.
    pub fn assert_absent(&self, source: &str, text: &str) {
        for name in SECRETS {
            assert_absent(secret(self.get(name)), source, text);
        }
    }
}

/// Checks that `text`, the output of `source`, does not contain `needle`, nor its bytes in decimal
/// or hexadecimal.
pub fn assert_absent(needle: &str, source: &str, text: &str) {
    let bytes = format!("{:?}", needle.as_bytes());
    let numbers = bytes.trim_matches(['[', ']']);
    let hexadecimal: String = needle.bytes().map(|byte| format!("{byte:02x}")).collect();
    for form in [needle, numbers, &hexadecimal] {
        let line = text.lines().find(|line| line.contains(form));
        assert!(line.is_none(), "{source} contains {needle}: {}", line.unwrap_or_default());
    }
}
