//! What answers take of the memory.
//!
//! - [`Answers`]: the memory that there is for answers which clients have not yet taken.
//! - [`Room`]: what one of them has of it.
//! - [`Readers`]: admits reads of pages.
//! - [`compress`]: makes answers smaller for clients that can read them.

mod compress;
mod readers;
mod room;

pub use compress::compress;
pub use readers::Readers;
pub use room::{Answers, Room};

/// The most bytes of JSON that a page has, but for what one more entry needs.
pub const PAGE_BYTES: usize = 256 * 1024;
