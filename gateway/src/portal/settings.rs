use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;
use utoipa::ToSchema;

/// The settings of the portal's pages.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Portal")]
pub struct PortalSettings {
    /// The directory of the portal's built pages, served at /portal/. Without it no pages are
    /// served
    #[arg(long, env = "PORTAL_DIR", value_name = "DIR")]
    pub portal_dir: Option<PathBuf>,

    /// The host of the Pusher server that browsers connect to; without it, they use hosted Pusher
    #[arg(long, env = "PUSHER_CLIENT_HOST", value_name = "HOST")]
    pub pusher_client_host: Option<String>,

    /// The port of PUSHER_CLIENT_HOST
    #[arg(long, env = "PUSHER_CLIENT_PORT", default_value_t = 443, value_name = "PORT")]
    pub pusher_client_port: u16,

    /// The scheme of PUSHER_CLIENT_HOST
    #[arg(long, env = "PUSHER_CLIENT_SCHEME", value_enum, default_value = "https")]
    pub pusher_client_scheme: PusherScheme,

    /// The cluster of hosted Pusher, without PUSHER_CLIENT_HOST
    #[arg(long, env = "PUSHER_CLUSTER", default_value = "mt1", value_name = "NAME")]
    pub pusher_cluster: String,
}

/// The scheme of connections to Pusher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum PusherScheme {
    /// Unencrypted, for development
    Http,
    /// Encrypted
    Https,
}

/// The portal's pages, and where their Pusher is.
#[derive(Clone, Debug)]
pub struct Portal {
    /// The directory of the pages, if they are served.
    pub directory: Option<PathBuf>,
    /// Where browsers connect to Pusher.
    pub pusher: PusherAddress,
    /// The origin from which pages show images, besides the gateway's.
    pub images: Option<String>,
}

/// Where browsers connect to Pusher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PusherAddress {
    /// A server of the operator's own.
    Server {
        /// Its name or IP address.
        host: String,
        /// Its port.
        port: u16,
        /// Its scheme.
        scheme: PusherScheme,
    },
    /// A cluster of hosted Pusher, such as `eu`.
    Cluster(String),
}

impl PortalSettings {
    /// Parses the settings.
    ///
    /// # Errors
    /// Names the invalid setting.
    pub fn parse(self) -> Result<Portal, String> {
        // They become part of a Content-Security-Policy, which a space or a semicolon would change.
        let is_name = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte))
        };
        if !self.pusher_client_host.as_deref().is_none_or(is_name) {
            return Err("PUSHER_CLIENT_HOST must be a host name or an IP address".to_owned());
        }
        if !is_name(&self.pusher_cluster) {
            return Err("PUSHER_CLUSTER must be the name of a cluster, such as eu".to_owned());
        }
        if let Some(directory) = &self.portal_dir {
            let page = directory.join("player/index.html");
            if !page.is_file() {
                return Err(format!(
                    "PORTAL_DIR holds no pages: {} does not exist",
                    page.display()
                ));
            }
        }
        let pusher = match self.pusher_client_host {
            Some(host) => PusherAddress::Server {
                host,
                port: self.pusher_client_port,
                scheme: self.pusher_client_scheme,
            },
            None => PusherAddress::Cluster(self.pusher_cluster),
        };
        Ok(Portal { directory: self.portal_dir, pusher, images: None })
    }
}

impl PusherAddress {
    /// The URL of Pusher's WebSocket, as a Content-Security-Policy names it.
    ///
    /// Source:
    /// <https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/>.
    pub fn websocket_url(&self) -> String {
        match self {
            Self::Server { host, port, scheme } => {
                let scheme = match scheme {
                    PusherScheme::Http => "ws",
                    PusherScheme::Https => "wss",
                };
                format!("{scheme}://{host}:{port}")
            }
            Self::Cluster(cluster) => format!("wss://ws-{cluster}.pusher.com"),
        }
    }
}
