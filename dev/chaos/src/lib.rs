//! Does bad things to a whole private system under load, and counts what came of every message.
//!
//! A [`Fault`] is inflicted in a [`Drill`] of its own: a [`System`] that is started empty, and a
//! [`LoadGenerator`] whose clients send to it. When the fault is over and everything has settled, the
//! [`audit`] holds what the clients were told against the database and against what Pusher was
//! given, and a [`Row`] says what came of it.

mod audit;
mod bystander;
mod clock;
mod drill;
mod faults;
mod load;
mod memory;
mod plan;
mod proxy;
mod pusher;
pub mod report;
mod row;
mod system;

pub use audit::{Findings, audit};
pub use drill::{Drill, Options, run};
pub use faults::{Fault, Group, all};
pub use load::{Load, LoadGenerator};
pub use plan::{Plan, Scale};
pub use row::Row;
pub use system::{Parts, System};
