//! `/control/…`: how a test makes the server fail, and asks what it saw.

mod fault;
mod faults;
mod injection;
mod ledger;
mod page;
mod routes;

pub use fault::{Fault, FaultOrder};
pub use faults::Faults;
pub use injection::inject;
pub use ledger::{AcceptedEvent, Counts, Ledger};
pub use page::{Events, Page};
pub use routes::routes;
