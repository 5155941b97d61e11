//! Shared code of the programs in `src/bin`. Each is a minimal version of one part of the system:
//! its rate is the limit of the machine, with which the real part is compared.
//!
//! Each prints a line of JSON: its port, or its result.

mod database;
mod output;
mod page;
mod players;
mod send;

pub use crate::database::Database;
pub use output::{Listen, report};
pub use page::{HistoryPage, Pages, parse_cursor};
pub use players::{Players, Row};
pub use send::{SendRequest, accepted};
