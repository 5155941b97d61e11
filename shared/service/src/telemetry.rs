//! Logs.

use std::io::{self, Stderr, Write};

use clap::{Args, ValueEnum};
use tracing::{Metadata, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter,
    filter::{FilterFn, filter_fn},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// What to log, and the format.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Logs")]
pub struct LogSettings {
    /// Format of the log lines on standard error
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,

    /// What to log, by level and target, such as `info` or `info,gateway=debug`
    #[arg(long = "log", env = "RUST_LOG", default_value = "info", value_name = "FILTER")]
    pub log_filter: String,
}

/// The format of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text
    Text,
    /// One JSON object per line
    Json,
}

/// The most that a library may log, whatever the operator's filter allows.
struct LibraryLogCap {
    library: &'static str,
    /// Unless the filter names the library.
    default: LevelFilter,
    /// If the filter names the library.
    when_named: LevelFilter,
}

/// lapin and tokio_postgres log message bodies and passwords at their lower levels. An operator who names
/// the library gets the bodies, and never the passwords.
const LIBRARY_LOG_CAPS: [LibraryLogCap; 3] = [
    // lapin warns with the body of a returned message, and traces the password of a new connection. Its
    // errors are logged by their callers, and a missing queue is often none.
    LibraryLogCap { library: "lapin", default: LevelFilter::OFF, when_named: LevelFilter::DEBUG },
    // The parameters of statements.
    LibraryLogCap {
        library: "tokio_postgres",
        default: LevelFilter::INFO,
        when_named: LevelFilter::TRACE,
    },
    // It logs each of its retries at info, as long as the store of attachments is down.
    LibraryLogCap {
        library: "object_store",
        default: LevelFilter::WARN,
        when_named: LevelFilter::TRACE,
    },
];

/// Caps the libraries' levels under the operator's `filter`.
fn library_log_filter(filter: &str) -> FilterFn<impl Fn(&Metadata<'_>) -> bool + use<>> {
    let limits = LIBRARY_LOG_CAPS.map(|LibraryLogCap { library, default, when_named }| {
        (library, if filter.contains(library) { when_named } else { default })
    });
    filter_fn(move |event| {
        let library = event.target().split("::").next();
        limits.iter().all(|(name, limit)| library != Some(name) || event.level() <= limit)
    })
}

/// Starts logging. Call it once.
pub fn init(settings: &LogSettings) {
    let filter = match EnvFilter::try_new(&settings.log_filter) {
        Ok(filter) => filter,
        Err(error) => super::settings::fail(&format!("RUST_LOG is not a log filter: {error}")),
    };
    let library_filter = library_log_filter(&settings.log_filter);
    let lines = tracing_subscriber::registry().with(filter).with(library_filter);
    let started = match settings.log_format {
        LogFormat::Text => lines
            .with(
                tracing_subscriber::fmt::layer()
                    .with_writer(|| OneLine(io::stderr()))
                    .with_ansi(false),
            )
            .try_init(),
        LogFormat::Json => {
            let layer = tracing_subscriber::fmt::layer().json().flatten_event(true);
            lines.with(layer.with_writer(io::stderr)).try_init()
        }
    };
    if started.is_err() {
        tracing::debug!("logging was set up before");
    }
}

/// Writes each event, which comes in one write, as one line: a field may hold another system's text, with
/// line breaks that would begin lines of their own.
struct OneLine<W = Stderr>(W);

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let line = event.strip_suffix(b"\n").unwrap_or(event);
        if line.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            let text = String::from_utf8_lossy(line).replace('\n', "\\n").replace('\r', "\\r");
            writeln!(self.0, "{text}")?;
        } else {
            self.0.write_all(event)?;
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_in_a_field_begins_no_line() {
        let mut written = OneLine(Vec::new());
        for event in ["ERROR outage cause=<Code>\r\nERROR forged\n", "INFO started\n"] {
            written.write_all(event.as_bytes()).unwrap();
        }
        let expected = "ERROR outage cause=<Code>\\r\\nERROR forged\nINFO started\n";
        assert_eq!(String::from_utf8(written.0).unwrap(), expected);
    }
}
