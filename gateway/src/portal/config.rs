use pusher::Channels;
use serde::Serialize;
use utoipa::ToSchema;

use super::{PusherAddress, PusherScheme};

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
    /// The configuration for the pages of an app.
    pub fn new(address: &PusherAddress, app: &pusher::App, channels: &Channels) -> Self {
        let key = app.key.clone();
        Self {
            pusher: match address.clone() {
                PusherAddress::Server { host, port, scheme } => PusherConfig {
                    key,
                    host: Some(host),
                    port: Some(port),
                    scheme: Some(scheme),
                    cluster: None,
                },
                PusherAddress::Cluster(cluster) => PusherConfig {
                    key,
                    host: None,
                    port: None,
                    scheme: None,
                    cluster: Some(cluster),
                },
            },
            channel_access: match channels {
                Channels::Public => Access::Public,
                Channels::Private => Access::Private,
                Channels::Encrypted(_) => Access::Encrypted,
            },
        }
    }
}
