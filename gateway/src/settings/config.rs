use std::time::Duration;

use broker::BrokerSettings;
use database::DatabaseSettings;
use pusher::{ChannelAccess, Channels};
use service::{shutdown::ShutdownSettings, telemetry::LogSettings};
use traces::TraceSettings;

use super::{CorsPolicy, Settings, Switch, memory::check_memory};
use crate::{
    attachments::AttachmentConfig,
    auth::AuthConfig,
    limits::LimitSettings,
    portal::Portal,
    read_mark_mode::ReadMarkMode,
    reads::{PoolSizes, ReplicaConfig},
    team_desk::TeamDesk,
};

/// The longest drain. It leaves requests in progress enough of `SHUTDOWN_TIMEOUT`.
const MAX_DRAIN: Duration = Duration::from_secs(5);

/// The settings, parsed and checked against each other.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address of the HTTP interface, as `HOST:PORT`.
    pub listen: String,
    /// The address of `/metrics`, as `HOST:PORT`.
    pub metrics_listen: String,
    /// Which pages may call the API.
    pub cors: CorsPolicy,
    /// Time after which a send without a confirm is answered with a 503.
    pub send_timeout: Duration,
    /// The shortest time from the begin of a publish of several events to the next one.
    pub commit_delay: Duration,
    /// Time between two checks of the topology.
    pub topology_check_interval: Duration,
    /// Time for which the gateway serves after it was told to stop.
    pub drain: Duration,
    /// Whether reads of conversations are recorded.
    pub audit_reads: bool,
    /// Whose read marks are kept.
    pub read_marks: ReadMarkMode,
    /// Time for which the marks of one reader in one conversation are merged.
    pub read_delay: Duration,
    /// Whether subscriptions to the presence channels of conversations are signed.
    pub conversation_presence: bool,
    /// Whether requests are logged.
    pub request_log: bool,
    /// The team's desk; `None` when it is off.
    pub team_desk: Option<TeamDesk>,
    /// Attachments; `None` when they are off.
    pub attachments: Option<AttachmentConfig>,
    /// The most connections to the database.
    pub pool_sizes: PoolSizes,
    /// How callers are authenticated.
    pub auth: AuthConfig,
    /// Limits.
    pub limits: LimitSettings,
    /// RabbitMQ.
    pub broker: BrokerSettings,
    /// PostgreSQL.
    pub database: DatabaseSettings,
    /// The read replica; `None` without one.
    pub replica: Option<ReplicaConfig>,
    /// The gateway's Pusher app.
    pub pusher: pusher::App,
    /// The channels that subscriptions are signed for.
    pub channels: Channels,
    /// The portal's pages.
    pub portal: Portal,
    /// How long stopping may take.
    pub shutdown: ShutdownSettings,
    /// Traces.
    pub traces: TraceSettings,
    /// Logs.
    pub logs: LogSettings,
}

impl Settings {
    /// Parses the settings.
    ///
    /// # Errors
    /// Names the invalid setting, without showing a secret.
    pub fn parse(self) -> Result<Config, String> {
        if self.shutdown_drain > MAX_DRAIN {
            return Err(format!("SHUTDOWN_DRAIN must be {MAX_DRAIN:?} at most"));
        }
        if self.shutdown_drain >= self.shutdown.grace() {
            return Err(
                "SHUTDOWN_DRAIN must be shorter than four fifths of SHUTDOWN_TIMEOUT".into()
            );
        }
        let reads = u64::from(self.database_pool_size) + u64::from(self.inbox_pool_size);
        let attachments = self.attachments.parse()?;
        let files = attachments.as_ref().map_or(0, AttachmentConfig::memory_bytes);
        // The replica has pools of its own.
        let servers = if self.replica.database_read_url.is_some() { 2 } else { 1 };
        check_memory(&self.limits, reads * servers, files)?;
        let auth = self.auth.parse()?;
        let mut portal = self.portal.parse()?;
        portal.images = attachments.as_ref().and_then(AttachmentConfig::delivering_origin);
        self.broker.check()?;
        self.traces.check()?;
        let channels = self.channels.channels()?;
        check_channel_access(self.channels.pusher_channel_access, &auth)?;
        self.database.check()?;
        let replica = self.replica.parse(&self.database)?;
        Ok(Config {
            listen: self.gateway_listen,
            metrics_listen: self.gateway_metrics_listen,
            cors: CorsPolicy { origins: self.cors_origins, headers: self.cors_headers },
            send_timeout: self.send_timeout,
            commit_delay: self.commit_delay,
            topology_check_interval: self.topology_check_interval,
            drain: self.shutdown_drain,
            audit_reads: self.audit_reads,
            read_marks: self.read_marks,
            read_delay: self.read_delay,
            // Without tokens, the gateway does not know who would be present.
            conversation_presence: self.conversation_presence == Switch::On
                && matches!(auth, AuthConfig::Tokens(_)),
            request_log: self.request_log == Switch::On,
            team_desk: self.team_desk.parse(),
            attachments,
            pool_sizes: PoolSizes {
                conversations: self.database_pool_size.into(),
                inbox: self.inbox_pool_size.into(),
            },
            auth,
            limits: self.limits,
            broker: self.broker,
            database: self.database,
            replica,
            pusher: self.pusher,
            channels,
            portal,
            shutdown: self.shutdown,
            traces: self.traces,
            logs: self.logs,
        })
    }
}

/// Rejects public channels together with tokens: every client that has the app key could subscribe
/// to the messages that the gateway asks a token for.
fn check_channel_access(access: ChannelAccess, auth: &AuthConfig) -> Result<(), String> {
    match (access, auth) {
        (ChannelAccess::Public, AuthConfig::Tokens(_)) => {
            Err("PUSHER_CHANNEL_ACCESS must be private or encrypted when AUTH_MODE is jwt".into())
        }
        _ => Ok(()),
    }
}
