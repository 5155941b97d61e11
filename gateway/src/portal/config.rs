use pusher::Channels;
use serde::Serialize;
use utoipa::ToSchema;

use super::{PortalSettings, PusherScheme};

/// What a page is told before it knows anything: how to hear of messages. None of it is a secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PortalConfig {
    /// Where Pusher is.
    pusher: PusherConfig,
    /// Which channels there are.
    channel_access: Access,
}

/// Where a browser finds Pusher: at a host, or in a cluster of hosted Pusher's.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PusherConfig {
    /// The application's key.
    key: String,
    /// The host, if it is one of the portal's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    host: Option<String>,
    /// The port there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    port: Option<u16>,
    /// How to speak there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scheme: Option<PusherScheme>,
    /// The cluster of hosted Pusher.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cluster: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Access {
    Public,
    Private,
    Encrypted,
}

impl PortalConfig {
    /// As the settings say.
    pub fn new(settings: &PortalSettings, app: &pusher::App, channels: &Channels) -> Self {
        let host = settings.pusher_client_host.clone();
        Self {
            pusher: PusherConfig {
                key: app.key.clone(),
                port: host.as_ref().map(|_| settings.pusher_client_port),
                scheme: host.as_ref().map(|_| settings.pusher_client_scheme),
                cluster: host.is_none().then(|| settings.pusher_cluster.clone()),
                host,
            },
            channel_access: match channels {
                Channels::Public => Access::Public,
                Channels::Private => Access::Private,
                Channels::Encrypted(_) => Access::Encrypted,
            },
        }
    }
}
