//! `/control/…`: faults for tests, and a record of the calls to the HTTP API.

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
