//! The portal's pages: the player's chat and the staff's desk, as `portal/` builds them.
//!
//! - [`PortalSettings`]: where they are, and where a browser finds Pusher.
//! - [`PortalConfig`]: what a page is told before it knows anything.
//! - [`serve`]: the pages themselves, and what they may do.

mod config;
mod hsts;
mod pages;
mod settings;

pub use config::PortalConfig;
pub use pages::serve;
pub use settings::{PortalSettings, PusherScheme};
