//! The settings of the portal's pages, which `portal/` builds.
//!
//! - [`PortalSettings`], [`Portal`]: the directory of the pages, and their Pusher server.
//! - [`PortalConfig`]: the configuration that the pages request.

mod config;
mod settings;

pub use config::PortalConfig;
pub use settings::{Portal, PortalSettings, PusherAddress, PusherScheme};
