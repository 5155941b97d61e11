//! How a service runs: settings, logs, health, metrics, TLS, shutdown.

mod admin_server;
pub mod backoff;
mod cleartext;
pub mod health;
mod log_limit;
pub mod metrics;
mod outage;
mod secrets;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
mod tls;

pub use cleartext::warn_of_cleartext;
pub use log_limit::{Line, LogLimit};
pub use outage::Outage;
pub use tls::{TlsSettings, install_crypto};
