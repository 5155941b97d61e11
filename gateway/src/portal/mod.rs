//! The portal's pages: the player's chat and the staff's desk, as `portal/` builds them.
//!
//! - [`PortalSettings`]: where they are, and where a browser finds Pusher.
//! - [`PortalConfig`]: what a page is told before it knows anything.

mod config;
mod settings;

pub use config::PortalConfig;
pub use settings::{Portal, PortalSettings, PusherAddress, PusherScheme};
