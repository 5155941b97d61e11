use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;
use utoipa::ToSchema;

/// The portal's pages, and where a browser finds Pusher.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Portal")]
pub struct PortalSettings {
    /// The directory of the portal's pages, as `portal/` builds them; they are served at /portal/.
    /// Without it none are
    #[arg(long, env = "PORTAL_DIR", value_name = "DIR")]
    pub portal_dir: Option<PathBuf>,

    /// Where browsers connect to Pusher, if it is no cluster of hosted Pusher's
    #[arg(long, env = "PUSHER_CLIENT_HOST", value_name = "HOST")]
    pub pusher_client_host: Option<String>,

    /// The port there; with no host of one's own it means nothing
    #[arg(long, env = "PUSHER_CLIENT_PORT", default_value_t = 443, value_name = "PORT")]
    pub pusher_client_port: u16,

    /// How browsers speak to Pusher there; with no host of one's own it means nothing
    #[arg(long, env = "PUSHER_CLIENT_SCHEME", value_enum, default_value = "https")]
    pub pusher_client_scheme: PusherScheme,

    /// The cluster of hosted Pusher that the application is in
    #[arg(long, env = "PUSHER_CLUSTER", default_value = "mt1", value_name = "NAME")]
    pub pusher_cluster: String,
}

/// How browsers speak to Pusher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum PusherScheme {
    /// In the clear, for development
    Http,
    /// Encrypted
    Https,
}

impl PortalSettings {
    /// What is wrong with the settings, if something is.
    ///
    /// # Errors
    /// Names the setting.
    pub fn check(&self) -> Result<(), String> {
        let is_name = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|it| it.is_ascii_alphanumeric() || b".-:[]_".contains(&it))
        };
        // They become part of a policy, which a space or a semicolon would change.
        if !self.pusher_client_host.as_deref().is_none_or(is_name) {
            return Err("PUSHER_CLIENT_HOST must be a host's name or address".to_owned());
        }
        if !is_name(&self.pusher_cluster) {
            return Err("PUSHER_CLUSTER must be a cluster's name, such as eu".to_owned());
        }
        match &self.portal_dir {
            Some(directory) if !directory.join("player/index.html").is_file() => Err(format!(
                "PORTAL_DIR holds no pages: there is no {}",
                directory.join("player/index.html").display()
            )),
            _ => Ok(()),
        }
    }

    /// The addresses to which a page may connect besides the gateway's, as a policy names them.
    ///
    /// Source: <https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/>.
    pub(crate) fn pusher_address(&self) -> String {
        match &self.pusher_client_host {
            Some(host) => {
                let scheme = match self.pusher_client_scheme {
                    PusherScheme::Http => "ws",
                    PusherScheme::Https => "wss",
                };
                format!("{scheme}://{host}:{}", self.pusher_client_port)
            }
            None => format!("wss://ws-{}.pusher.com", self.pusher_cluster),
        }
    }
}
