//! Injects faults into a whole private system under load, and accounts for every message.
//!
//! [`run`] starts a new [`Deployment`] for a [`Drill`], with a [`LoadGenerator`] whose clients send
//! to it, and inflicts a [`Fault`]. After the fault the [`audit`] compares the answers that the
//! clients received with the database and with the events that Pusher accepted. The result is a
//! [`Row`].

mod amqp_proxy;
mod audit;
mod background_reader;
mod deployment;
mod drill;
mod fault;
mod faults;
mod load;
mod memory;
mod plan;
mod pusher;
pub mod report;
mod row;
mod runner;
mod s3_proxy;

pub use audit::{Findings, audit};
pub use deployment::{Deployment, Parts};
pub use drill::Drill;
pub use fault::Fault;
pub use faults::all;
pub use load::{Load, LoadGenerator};
pub use memory::resident_memory;
pub use plan::{Plan, Scale};
pub use row::Row;
pub use runner::{Options, run};
