//! The persister's settings.

use std::time::Duration;

use broker::{BrokerSettings, ConsumerSettings};
use clap::Args;
use database::DatabaseSettings;
use service::{settings::duration, shutdown::ShutdownSettings, telemetry::LogSettings};
use traces::TraceSettings;

use crate::{assigner::AssignSettings, staff_facts::RepliesClaim};

/// Settings of a serving persister.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Address on which /health and /metrics are served
    #[arg(
        long,
        env = "PERSISTER_LISTEN",
        default_value = "127.0.0.1:8081",
        value_name = "HOST:PORT"
    )]
    pub persister_listen: String,

    /// Upper bound of the events that are written in one transaction; read marks count apart
    #[arg(
        long,
        env = "BATCH_MAX_EVENTS",
        default_value_t = 500,
        value_name = "NUMBER",
        value_parser = clap::value_parser!(u16).range(1..=5_000)
    )]
    pub batch_max_events: u16,

    /// Longest time that the first event of a batch waits for others
    #[arg(
        long,
        env = "BATCH_MAX_WAIT",
        default_value = "10ms",
        value_name = "DURATION",
        value_parser = duration
    )]
    pub batch_max_wait: Duration,

    /// Whether a message of staff claims its session, if that has no assignee
    #[arg(long, env = "ASSIGN_ON_REPLY", value_enum, default_value = "off")]
    pub assign_on_reply: RepliesClaim,

    /// RabbitMQ
    #[command(flatten)]
    pub broker: BrokerSettings,

    /// Consuming
    #[command(flatten)]
    pub consumer: ConsumerSettings,

    /// PostgreSQL
    #[command(flatten)]
    pub database: DatabaseSettings,

    /// How sessions are assigned
    #[command(flatten)]
    pub assignment: AssignSettings,

    /// Shutdown
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
    /// Validates the settings.
    ///
    /// # Errors
    /// Names the invalid setting, without its value where that is a secret.
    pub fn check(&self) -> Result<(), String> {
        self.broker.check()?;
        self.traces.check()?;
        self.database.check()
    }
}
