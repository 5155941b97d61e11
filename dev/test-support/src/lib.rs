//! What the tests share: a system of their own on real servers.
//!
//! Each test has its own [`System`]: its own database and its own queues on the PostgreSQL and the
//! RabbitMQ that `make test` starts, so that all tests can run at once. Waiting is asking, again and
//! again, within a bound: see [`eventually`].

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "only tests link this crate, and a test fails by panicking"
)]

mod api;
mod broker;
mod collector;
pub mod dashboards;
mod database;
mod events;
mod eventually;
pub mod hostile;
mod partitions;
mod process;
mod program;
mod prometheus;
mod proxy;
mod pusher;
mod script;
mod servers;
mod settings;
mod system;
mod tls;
mod token;
mod watched;

pub use crate::broker::Broker;
pub use crate::database::{Database, Role};
pub use crate::pusher::PusherServer;
pub use api::{Answer, Api};
pub use collector::{CollectedSpan, Collector};
pub use events::{body, message, message_at, status_change};
pub use eventually::eventually;
pub use partitions::{partitions, player_of_each};
pub use process::{ChildProcess, PROGRAMS, program};
pub use program::Program;
pub use prometheus::{Prometheus, Rule, Series};
pub use proxy::Proxy;
pub use script::Script;
pub use settings::settings;
pub use system::{Running, System};
pub use tls::{Authority, Identity};
pub use token::{JWT_SECRET, token, token_by};
pub use watched::Watched;
