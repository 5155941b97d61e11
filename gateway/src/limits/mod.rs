//! How much anybody may ask of a gateway, so that one who asks too much harms nobody else. Each gateway
//! counts for itself.
//!
//! - [`LimitSettings`]: how much.
//! - [`SenderLimit`]: what one sender may send.
//! - [`ReaderLimit`]: what one caller may read.
//! - [`AddressLimit`]: what one client address may ask, whoever it says that it is.
//! - [`MemoryBudget`]: memory for one purpose, of which each client address has a share.
//! - [`RequestMemory`]: what large requests may take of the memory.

mod by_address;
mod by_reader;
mod by_sender;
mod client_address;
mod memory_budget;
mod rate;
mod requests;
mod settings;

pub use by_address::AddressLimit;
pub use by_reader::ReaderLimit;
pub use by_sender::SenderLimit;
pub use client_address::Proxies;
pub(crate) use client_address::of_one_client;
pub use memory_budget::{MemoryBudget, Reservation};
pub use requests::{BODY_LIMIT, RequestMemory, needs_memory};
pub use settings::LimitSettings;
