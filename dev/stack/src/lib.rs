//! Starts the servers and the services of the system for one directory, restarts what ends, and
//! stops all of it. `make run` and `make test` use it as a program; drills and benchmarks start
//! private systems with it as a library.
//!
//! A [`Supervisor`] owns a directory and every process that was started for it. [`Servers`] are a
//! private PostgreSQL and a private RabbitMQ; a [`Stack`] is these and the four services. For other
//! systems, such as several gateways or a cluster, callers start the parts: [`Postgres::start`],
//! [`RabbitMq::start_cluster`], [`migrate`], [`Service::start`].

mod clamd;
mod console;
mod fake_clock;
mod http;
mod identity;
mod kept;
mod log;
mod portal;
mod ports;
mod postgres;
mod probe;
mod process;
mod program;
mod rabbitmq;
mod records;
mod s3_server;
mod servers;
mod service;
mod services;
mod supervisor;
mod system;
mod variables;

pub use crate::service::{Running, Service, migrate};
pub use clamd::Clamd;
pub use console::Console;
pub use fake_clock::FakeClock;
pub use identity::Identity;
pub use kept::Kept;
pub use postgres::{DatabaseRole, PgBouncer, PgBouncerSettings, Postgres, PostgresSettings};
pub use probe::Probe;
pub use process::Process;
pub use program::{Output, Program, Rank};
pub use rabbitmq::{RabbitMq, RabbitMqSettings};
pub use records::{Record, recorded, supervisor_of};
pub use s3_server::S3Server;
pub use servers::{ServerSettings, Servers};
pub use services::{Services, service_variables, set_pusher_variables};
pub use supervisor::Supervisor;
pub use system::Stack;
pub use variables::Variables;
