use std::{env, net::SocketAddr, path::Path};

use crate::{Running, Service, Supervisor, Variables, kept, migrate};

/// Where the portal's pages are, if there are any.
pub(crate) const PORTAL_DIR: &str = "PORTAL_DIR";

/// The four services.
#[derive(Debug)]
pub struct Services {
    /// Stands in for Pusher.
    pub local_pusher: Running,
    /// Accepts messages and answers for history.
    pub gateway: Running,
    /// Writes messages to the database.
    pub persister: Running,
    /// Tells Pusher of messages.
    pub broadcaster: Running,
}

impl Services {
    /// Migrates the database, starts the services from `binaries`, and waits until each says that
    /// it is ready. `variables` are what they are told; where Pusher is, is added.
    ///
    /// # Errors
    /// When a program is missing, or fails; the others may run then.
    pub async fn start(
        supervisor: &Supervisor,
        binaries: &Path,
        variables: &mut Variables,
    ) -> anyhow::Result<Self> {
        migrate(supervisor, binaries, variables).await?;
        let start = async |service: Service, variables: &Variables| {
            let own = Variables::default();
            service.start(supervisor, binaries, service.name(), variables, &own).await
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

    /// All four.
    pub fn all(&self) -> [&Running; 4] {
        [&self.gateway, &self.persister, &self.broadcaster, &self.local_pusher]
    }
}

/// What the services are told, but for where Pusher is: see [`set_pusher_variables`]. What the caller has set
/// stays, but for addresses.
///
/// # Errors
/// When the secrets that the supervisor keeps cannot be written.
pub fn service_variables(
    supervisor: &Supervisor,
    database_url: &str,
    amqp_url: &str,
) -> anyhow::Result<Variables> {
    let kept = supervisor.kept();
    let mut variables = Variables::default();
    variables.set("DATABASE_URL", database_url);
    variables.set("AMQP_URL", amqp_url);
    for (name, usual) in [
        ("PUSHER_CHANNEL_ACCESS", "private"),
        ("AUTH_MODE", "jwt"),
        ("QUEUE_PARTITIONS", "1"),
        ("AUDIT_READS", "true"),
    ] {
        variables.set(name, from_caller(name).unwrap_or_else(|| usual.to_owned()));
    }
    if let Some(pages) = from_caller(PORTAL_DIR) {
        variables.set(PORTAL_DIR, pages);
    }
    for (name, make) in [
        ("PUSHER_APP_ID", kept::number as fn() -> String),
        ("PUSHER_KEY", kept::secret),
        ("PUSHER_SECRET", kept::secret),
        ("PUSHER_ENCRYPTION_MASTER_KEY", kept::master_key),
        ("AUTH_JWT_SECRET", kept::long_secret),
    ] {
        let value = match from_caller(name) {
            Some(value) => value,
            None => kept.value(name, make)?,
        };
        variables.set(name, value);
    }
    Ok(variables)
}

/// Adds where Pusher, or what stands in for it, is.
pub fn set_pusher_variables(address: SocketAddr, variables: &mut Variables) {
    variables.set("PUSHER_SCHEME", "http");
    variables.set("PUSHER_HOST", address.ip().to_string());
    variables.set("PUSHER_PORT", address.port().to_string());
    variables.set("PUSHER_CLIENT_SCHEME", "http");
    variables.set("PUSHER_CLIENT_HOST", address.ip().to_string());
    variables.set("PUSHER_CLIENT_PORT", address.port().to_string());
}

/// What the caller of the stack has set, if it is not empty.
fn from_caller(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
