//! The test harness.
//!
//! Each test has a [`System`] of its own: a database and queues on the PostgreSQL and the RabbitMQ
//! that `make test` starts, and a Pusher. All tests can therefore run at once. A test waits by
//! polling with [`eventually`]. [`ChildProcess`] runs the services' programs as operators do,
//! [`Script`] Pusher's own clients as browsers do, and [`Prometheus`] the rules and dashboards of
//! `deploy`.

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
pub mod fake_pusher;
pub mod hostile;
mod monitored_system;
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

pub use crate::broker::Broker;
pub use crate::database::{Database, Role};
pub use crate::pusher::{PusherControl, PusherServer};
pub use api::{Answer, Api};
pub use collector::{CollectedSpan, SpanCollector};
pub use events::{attachment, body, message, message_at, status_change};
pub use eventually::{eventually, eventually_within};
pub use monitored_system::MonitoredSystem;
pub use partitions::{partitions, player_of_each};
pub use process::{ChildProcess, PROGRAMS, program};
pub use program::Program;
pub use prometheus::{Prometheus, Rule, Series};
pub use proxy::Proxy;
pub use script::Script;
pub use settings::settings;
pub use system::{RunningService, System};
pub use tls::{Authority, Identity};
pub use token::{JWT_SECRET, token, token_by};
