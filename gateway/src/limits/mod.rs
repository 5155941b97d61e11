//! How much anybody may ask of a gateway, so that one who asks too much harms nobody else. Each gateway
//! counts for itself.
//!
//! - [`LimitSettings`]: how much.
//! - [`SenderLimit`]: what one sender may send.
//! - [`AddressLimit`]: what one client address may ask, whoever it says that it is.

mod by_address;
mod by_sender;
mod client_address;
mod rate;
mod settings;

pub use by_address::{AddressLimit, limit_by_address};
pub use by_sender::SenderLimit;
pub use client_address::Proxies;
pub use settings::LimitSettings;
