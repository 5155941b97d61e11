//! The persister's settings.

use std::time::Duration;

use broker::{BrokerSettings, ConsumerSettings};
use clap::Args;
use database::DatabaseSettings;
use service::{settings::duration, shutdown::ShutdownSettings, telemetry::LogSettings};
use traces::TraceSettings;

/// What the persister needs to know in order to run.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Where /health and /metrics are served
    #[arg(
        long,
        env = "PERSISTER_LISTEN",
        default_value = "127.0.0.1:8081",
        value_name = "HOST:PORT"
    )]
    pub persister_listen: String,

    /// Events that are written together at most
    #[arg(long, env = "BATCH_MAX_EVENTS", default_value_t = 500, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=5_000))]
    pub batch_max_events: u16,

    /// Time that the first event of a batch waits for more at most
    #[arg(long, env = "BATCH_MAX_WAIT", default_value = "2ms", value_parser = duration, value_name = "DURATION")]
    pub batch_max_wait: Duration,

    /// RabbitMQ
    #[command(flatten)]
    pub broker: BrokerSettings,

    /// How the queue is worked off
    #[command(flatten)]
    pub consumer: ConsumerSettings,

    /// PostgreSQL
    #[command(flatten)]
    pub database: DatabaseSettings,

    /// How long it may take to stop
    #[command(flatten)]
    pub shutdown: ShutdownSettings,

    /// Traces
    #[command(flatten)]
    pub traces: TraceSettings,

    /// Logs
    #[command(flatten)]
    pub logs: LogSettings,
}

impl Settings {
    /// What is wrong with the settings, if something is, without showing a secret.
    ///
    /// # Errors
    /// Names the setting.
    pub fn check(&self) -> Result<(), String> {
        self.broker.check()?;
        self.traces.check()?;
        self.database.check()
    }
}
