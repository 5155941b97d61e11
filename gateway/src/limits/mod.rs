//! Rate limits and memory budgets. Each gateway counts for itself.
//!
//! - [`LimitSettings`]: the settings.
//! - [`SenderLimit`]: the rate limit of each sender.
//! - [`ReaderLimit`]: the rate limit of each reader.
//! - [`ReadMarkLimit`]: the rate limit of each reader's marks.
//! - [`AvailabilityLimit`]: the rate limit of reports of availability.
//! - [`AddressLimit`]: the rate limit of each client address, before authentication.
//! - [`MemoryBudget`]: memory for one purpose, of which each client address has a share.
//! - [`RequestMemory`]: the memory of large bodies.

mod by_address;
mod by_available_staff;
mod by_marking_reader;
mod by_reader;
mod by_sender;
mod client_address;
mod memory_budget;
mod rate;
mod requests;
mod settings;

pub use by_address::AddressLimit;
pub use by_available_staff::AvailabilityLimit;
pub use by_marking_reader::ReadMarkLimit;
pub use by_reader::ReaderLimit;
pub use by_sender::SenderLimit;
pub use client_address::Proxies;
pub(crate) use client_address::counted_address;
pub use memory_budget::{MemoryBudget, Reservation};
pub use requests::{BODY_LIMIT, RequestMemory, needs_memory};
pub use settings::LimitSettings;
