//! Starts the system's servers and services for one directory, keeps them running, and leaves
//! nothing behind: what `make run` and `make test` do, and what drills and benchmarks start
//! private systems with.
//!
//! A [`Supervisor`] owns a directory and every process that was started for it. [`Servers`] are a
//! private PostgreSQL and a private RabbitMQ; a [`Stack`] is these and the four services. Who needs
//! another system than that, such as several gateways or a cluster, starts its parts:
//! [`Postgres::start`], [`RabbitMq::start_cluster`], [`migrate`], [`Service::start`].

mod console;
mod environment;
mod foreground;
mod identity;
mod kept;
mod leftovers;
mod lock;
mod log;
mod portal;
mod ports;
mod postgres;
mod probe;
mod process;
mod program;
mod rabbitmq;
mod servers;
mod service;
mod services;
mod supervisor;
mod system;
mod watcher;

pub use crate::service::{Running, Service, migrate};
pub use console::Console;
pub use environment::Variables;
pub use foreground::Foreground;
pub use identity::Identity;
pub use kept::Kept;
pub use leftovers::{Record, recorded};
pub use lock::{TakeError, holder};
pub use postgres::{DatabaseRole, Postgres, PostgresSettings};
pub use probe::Probe;
pub use process::{NotReady, Process};
pub use program::{Program, Rank};
pub use rabbitmq::{RabbitMq, RabbitMqSettings};
pub use servers::{ServerSettings, Servers};
pub use services::{Services, service_variables, set_pusher_variables};
pub use supervisor::Supervisor;
pub use system::Stack;
