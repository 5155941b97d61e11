use std::{env, fs, net::SocketAddr, path::Path};

use anyhow::Context;

use crate::{Running, Service, Supervisor, Variables, kept, migrate};

/// The setting for the directory of the portal's pages.
pub(crate) const PORTAL_DIR: &str = "PORTAL_DIR";

/// The setting for the place of the attachments.
const ATTACHMENT_STORE: &str = "ATTACHMENT_STORE";

/// The name of the folder of the attachments.
pub(crate) const ATTACHMENTS: &str = "attachments";

/// The four services.
#[derive(Debug)]
pub struct Services {
    /// In place of Pusher.
    pub local_pusher: Running,
    /// Accepts messages and returns history.
    pub gateway: Running,
    /// Writes messages to the database.
    pub persister: Running,
    /// Sends events to Pusher.
    pub broadcaster: Running,
}

impl Services {
    /// Migrates the database, starts the services from `binaries` with `variables` and `further`
    /// settings, and waits until each is ready. Adds the address of Pusher to `variables`.
    ///
    /// # Errors
    /// When a program is missing, or fails. The others may run then.
    pub async fn start(
        supervisor: &Supervisor,
        binaries: &Path,
        variables: &mut Variables,
        further: &Variables,
    ) -> anyhow::Result<Self> {
        migrate(supervisor, binaries, variables).await?;
        let start = async |service: Service, variables: &Variables| {
            service.start(supervisor, binaries, service.name(), variables, further).await
        };
        let local_pusher = start(Service::LocalPusher, variables).await?;
        set_pusher_variables(local_pusher.address, variables);
        let (gateway, persister, broadcaster) = tokio::try_join!(
            start(Service::Gateway, variables),
            start(Service::Persister, variables),
            start(Service::Broadcaster, variables),
        )?;
        Ok(Self { local_pusher, gateway, persister, broadcaster })
    }

    /// The four services.
    pub fn all(&self) -> [&Running; 4] {
        [&self.gateway, &self.persister, &self.broadcaster, &self.local_pusher]
    }
}

/// The settings of the services, without the address of Pusher: see [`set_pusher_variables`]. The
/// caller's settings are kept, except addresses. The gateways store attachments in one folder of the
/// supervisor's directory, unless the caller sets `ATTACHMENT_STORE`.
///
/// # Errors
/// When the secrets of the directory cannot be written, or the folder cannot be created.
pub fn service_variables(
    supervisor: &Supervisor,
    database_url: &str,
    amqp_url: &str,
) -> anyhow::Result<Variables> {
    let kept = supervisor.kept();
    let mut variables = Variables::default();
    variables.set("DATABASE_URL", database_url);
    variables.set("AMQP_URL", amqp_url);
    for (name, default) in [
        ("PUSHER_CHANNEL_ACCESS", "private"),
        ("AUTH_MODE", "jwt"),
        ("QUEUE_PARTITIONS", "1"),
        ("AUDIT_READS", "true"),
        ("READ_MARKS", "both"),
        ("TEAM_DESK", "on"),
        ("STAFF_TEAMS", "payments,appeals"),
        ("STAFF_NAMES", "shown"),
        ("ASSIGN_ON_REPLY", "on"),
        ("AUTO_ASSIGN", "off"),
        // As that of docker-compose.yml: the default is too little for attachments.
        ("MEMORY_LIMIT", "1GiB"),
        // A player's first message may be a picture.
        ("ATTACHMENTS_FOR", "any"),
    ] {
        variables.set(name, from_caller(name).unwrap_or_else(|| default.to_owned()));
    }
    let store = match from_caller(ATTACHMENT_STORE) {
        Some(store) => store,
        None => attachment_directory(supervisor)?,
    };
    variables.set(ATTACHMENT_STORE, store);
    if let Some(pages) = from_caller(PORTAL_DIR) {
        variables.set(PORTAL_DIR, pages);
    }
    for (name, make) in [
        ("PUSHER_APP_ID", kept::number as fn() -> String),
        ("PUSHER_KEY", kept::secret),
        ("PUSHER_SECRET", kept::secret),
        ("PUSHER_ENCRYPTION_MASTER_KEY", kept::master_key),
        ("AUTH_JWT_SECRET", kept::long_secret),
        ("ATTACHMENT_SECRET", kept::long_secret),
    ] {
        let value = match from_caller(name) {
            Some(value) => value,
            None => kept.value(name, make)?,
        };
        variables.set(name, value);
    }
    Ok(variables)
}

/// Adds the address of Pusher, or of local-pusher.
pub fn set_pusher_variables(address: SocketAddr, variables: &mut Variables) {
    variables.set("PUSHER_SCHEME", "http");
    variables.set("PUSHER_HOST", address.ip().to_string());
    variables.set("PUSHER_PORT", address.port().to_string());
    variables.set("PUSHER_CLIENT_SCHEME", "http");
    variables.set("PUSHER_CLIENT_HOST", address.ip().to_string());
    variables.set("PUSHER_CLIENT_PORT", address.port().to_string());
}

/// The folder of the attachments, which all gateways of the supervisor share.
fn attachment_directory(supervisor: &Supervisor) -> anyhow::Result<String> {
    let directory = supervisor.directory().join(ATTACHMENTS);
    fs::create_dir_all(&directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    directory.into_os_string().into_string().ok().context("the directory's path is not UTF-8")
}

/// The caller's setting, if it is not empty.
fn from_caller(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
