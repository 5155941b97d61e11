//! How a service logs.

use clap::{Args, ValueEnum};
use tracing::{Metadata, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter,
    filter::{FilterFn, filter_fn},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

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

/// A library that logs what passes through it.
struct LibraryLogCap {
    library: &'static str,
    /// The most that it may say.
    default: LevelFilter,
    /// The most that it may say when the operator's filter names it.
    when_named: LevelFilter,
}

/// lapin and tokio_postgres log message bodies and passwords at their lower levels. An operator who names
/// the library sees the bodies, and never the passwords.
const LIBRARY_LOG_CAPS: [LibraryLogCap; 2] = [
    // What RabbitMQ returns is a warning; what it says of a new connection, at the last level, is the
    // password. Its errors are told by whoever they meet, and to look for a queue is none.
    LibraryLogCap { library: "lapin", default: LevelFilter::OFF, when_named: LevelFilter::DEBUG },
    // The parameters of statements.
    LibraryLogCap {
        library: "tokio_postgres",
        default: LevelFilter::INFO,
        when_named: LevelFilter::TRACE,
    },
];

/// Keeps back what libraries should not say under the filter `filter`.
fn discretion(filter: &str) -> FilterFn<impl Fn(&Metadata<'_>) -> bool + use<>> {
    let limits = LIBRARY_LOG_CAPS.map(|LibraryLogCap { library, default, when_named }| {
        (library, if filter.contains(library) { when_named } else { default })
    });
    filter_fn(move |event| {
        let library = event.target().split("::").next();
        limits.iter().all(|(it, limit)| library != Some(it) || event.level() <= limit)
    })
}

/// Starts logging. To be called once.
pub fn init(settings: &LogSettings) {
    let filter = match EnvFilter::try_new(&settings.log_filter) {
        Ok(filter) => filter,
        Err(error) => super::settings::fail(&format!("RUST_LOG is not a log filter: {error}")),
    };
    let discretion = discretion(&settings.log_filter);
    let lines = tracing_subscriber::registry().with(filter).with(discretion);
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
