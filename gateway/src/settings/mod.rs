//! The gateway's settings.
//!
//! - [`Settings`]: as they are given, by flags and variables.
//! - [`Config`]: as they are used. [`Settings::parse`] is the only place that checks them.

mod attachments;
mod config;
mod memory;
mod origin;
mod replica;
mod team_desk;

use std::time::Duration;

use actix_web::http::header::HeaderName;
use broker::BrokerSettings;
use clap::{ArgAction, Args, ValueEnum};
use database::DatabaseSettings;
use service::{settings::duration, shutdown::ShutdownSettings, telemetry::LogSettings};
use traces::TraceSettings;

use crate::{
    auth::AuthSettings, limits::LimitSettings, portal::PortalSettings, read_mark_mode::ReadMarkMode,
};

pub use attachments::AttachmentSettings;
pub use config::Config;
pub use memory::PROGRAM_BYTES;
pub use origin::Origin;
pub use replica::ReplicaSettings;
pub use team_desk::TeamDeskSettings;

/// Which pages may call the API.
#[derive(Clone, Debug)]
pub struct CorsPolicy {
    /// The origins of the pages.
    pub origins: Vec<Origin>,
    /// Further headers that they may send.
    pub headers: Vec<HeaderName>,
}

/// Longer, a message would wait for longer than a confirm takes on any disk.
const MAX_COMMIT_DELAY: Duration = Duration::from_millis(100);

fn commit_delay(text: &str) -> Result<Duration, String> {
    delay(text, MAX_COMMIT_DELAY)
}

/// Longer, clients would give up before the response.
const MAX_READ_DELAY: Duration = Duration::from_secs(5);

fn read_delay(text: &str) -> Result<Duration, String> {
    delay(text, MAX_READ_DELAY)
}

/// Parses a duration that may be 0.
fn delay(text: &str, longest: Duration) -> Result<Duration, String> {
    let delay = if matches!(text, "0" | "0ms") { Duration::ZERO } else { duration(text)? };
    match delay <= longest {
        true => Ok(delay),
        false => Err(format!("must be {longest:?} at most")),
    }
}

/// Whether a feature is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// The feature is on
    On,
    /// The feature is off
    Off,
}

/// The settings, as they are given.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// The address of the HTTP interface
    #[arg(
        long,
        env = "GATEWAY_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "HOST:PORT"
    )]
    pub gateway_listen: String,

    /// The address of /metrics, which the public must not reach
    #[arg(
        long,
        env = "GATEWAY_METRICS_LISTEN",
        default_value = "127.0.0.1:9080",
        value_name = "HOST:PORT"
    )]
    pub gateway_metrics_listen: String,

    /// Origins whose pages may call the API, besides the gateway's own, such as
    /// https://portal.example
    #[arg(long, env = "CORS_ORIGINS", value_name = "ORIGIN[,ORIGIN…]", value_delimiter = ',')]
    pub cors_origins: Vec<Origin>,

    /// Headers that these pages may send, besides Authorization, Content-Type, traceparent,
    /// tracestate, baggage and X-Socket-Id
    #[arg(long, env = "CORS_HEADERS", value_name = "HEADER[,HEADER…]", value_delimiter = ',')]
    pub cors_headers: Vec<HeaderName>,

    /// Time after which a send without a confirm is answered with a 503
    #[arg(long, env = "SEND_TIMEOUT", default_value = "1800ms", value_parser = duration, value_name = "DURATION")]
    pub send_timeout: Duration,

    /// The commit delay, 0ms to 100ms: after a publish of 3 to 23 messages, the next one begins this
    /// much later at the earliest, so that one publish holds more messages under load, and RabbitMQ
    /// works less for each. A message on its own never waits
    #[arg(long, env = "COMMIT_DELAY", default_value = "3ms", value_parser = commit_delay, value_name = "DURATION")]
    pub commit_delay: Duration,

    /// Time between two checks that all queues exist
    #[arg(long, env = "TOPOLOGY_CHECK_INTERVAL", default_value = "5s", value_parser = duration, value_name = "DURATION")]
    pub topology_check_interval: Duration,

    /// The drain period: the time for which a gateway that was told to stop still serves and
    /// reports that it is not ready, so that load balancers use others; 5s at most
    #[arg(long, env = "SHUTDOWN_DRAIN", default_value = "2s", value_parser = duration, value_name = "DURATION")]
    pub shutdown_drain: Duration,

    /// Record which member of the staff reads which conversation, at most once a minute each.
    /// Enable it once every worker is of a release that has this setting
    #[arg(long, env = "AUDIT_READS", default_value_t = false, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true", value_name = "true|false")]
    pub audit_reads: bool,

    /// Whether clients mark messages as read, and what players see of it. Enable it once every
    /// worker is of a release that has this setting
    #[arg(long, env = "READ_MARKS", value_enum, default_value = "off")]
    pub read_marks: ReadMarkMode,

    /// For how long the marks of one reader in one conversation are merged into one event, 0ms to
    /// 5s. Their clients are answered when it is in the queues
    #[arg(long, env = "READ_DELAY", default_value = "500ms", value_parser = read_delay, value_name = "DURATION")]
    pub read_delay: Duration,

    /// Whether subscriptions to presence-conversation-{playerId} are signed, on which the player and
    /// staff see each other's presence and typing. It needs AUTH_MODE=jwt, and a Pusher app that
    /// permits client events
    #[arg(long, env = "CONVERSATION_PRESENCE", value_enum, default_value = "on")]
    pub conversation_presence: Switch,

    /// Whether each request is logged: its method, route, status, client's address, duration, and a hash
    /// of the user; never its content or its token
    #[arg(long, env = "REQUEST_LOG", value_enum, default_value = "off")]
    pub request_log: Switch,

    /// The most database connections for reads of conversations
    #[arg(long, env = "DATABASE_POOL_SIZE", default_value_t = 10, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub database_pool_size: u16,

    /// The most database connections for reads of the inbox, so that the reads of staff and of
    /// players do not wait for each other. One further connection is for /health/ready
    #[arg(long, env = "INBOX_POOL_SIZE", default_value_t = 5, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub inbox_pool_size: u16,

    /// The team's desk
    #[command(flatten)]
    pub team_desk: TeamDeskSettings,

    /// Attachments
    #[command(flatten)]
    pub attachments: AttachmentSettings,

    /// Authentication
    #[command(flatten)]
    pub auth: AuthSettings,

    /// Limits
    #[command(flatten)]
    pub limits: LimitSettings,

    /// RabbitMQ
    #[command(flatten)]
    pub broker: BrokerSettings,

    /// PostgreSQL
    #[command(flatten)]
    pub database: DatabaseSettings,

    /// The read replica
    #[command(flatten)]
    pub replica: ReplicaSettings,

    /// The gateway's Pusher app
    #[command(flatten)]
    pub pusher: pusher::App,

    /// The channels that subscriptions are signed for
    #[command(flatten)]
    pub channels: pusher::ChannelSettings,

    /// The portal's pages
    #[command(flatten)]
    pub portal: PortalSettings,

    /// How long stopping may take
    #[command(flatten)]
    pub shutdown: ShutdownSettings,

    /// Traces
    #[command(flatten)]
    pub traces: TraceSettings,

    /// Logs
    #[command(flatten)]
    pub logs: LogSettings,
}
