//! What the programs in `src/bin` have in common. Each is one part of the system as plain as it can
//! be: what it does in a second is what the machine gives, and the real part is measured against it.
//!
//! Each speaks in lines of JSON: where it listens, or what it has done in how much time.

mod database;
mod output;
mod page;
mod players;
mod send;

pub use crate::database::Database;
pub use output::{Listen, report};
pub use page::{HistoryPage, Pages, place};
pub use players::{Players, Row};
pub use send::{SendRequest, accepted};
