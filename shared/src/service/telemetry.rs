//! How a service logs.

use clap::{Args, ValueEnum};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// What to log, and in which form.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Logs")]
pub struct LogSettings {
    /// Form of the log lines on standard error
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,

    /// What to log, by level and target, such as `info` or `info,gateway=debug`
    #[arg(long = "log", env = "RUST_LOG", default_value = "info", value_name = "FILTER")]
    pub log_filter: String,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For a person
    Text,
    /// One JSON object a line, for a collector
    Json,
}

/// Starts logging. To be called once.
pub fn init(settings: &LogSettings) {
    let filter = match EnvFilter::try_new(&settings.log_filter) {
        Ok(filter) => filter,
        Err(error) => super::settings::fail(&format!("RUST_LOG is not a log filter: {error}")),
    };
    // lapin logs what RabbitMQ returns whole, and messages are nobody's business.
    let says_lapin = settings.log_filter.contains("lapin");
    let filter = match "lapin=error".parse() {
        Ok(directive) if !says_lapin => filter.add_directive(directive),
        _ => filter,
    };
    let lines = tracing_subscriber::registry().with(filter);
    let writer = std::io::stderr;
    let started = match settings.log_format {
        LogFormat::Text => lines
            .with(tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false))
            .try_init(),
        LogFormat::Json => {
            let layer = tracing_subscriber::fmt::layer().json().flatten_event(true);
            lines.with(layer.with_writer(writer)).try_init()
        }
    };
    if started.is_err() {
        tracing::debug!("logging had been set up already");
    }
}
