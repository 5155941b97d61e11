//! How a service runs, whatever it does.

pub mod backoff;
pub mod health;
pub mod metrics;
mod outage;
mod secrets;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
mod tls;

pub use outage::Outage;
pub use tls::{TlsSettings, install_crypto};
