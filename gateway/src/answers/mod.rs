//! What answers take of the memory.
//!
//! - [`AnswerMemory`]: the memory for pages, of which each client address has a share.
//! - [`PageMemory`] and [`UnreadMemory`]: what one page has of it, until it is written and until it is taken.
//! - [`Readers`]: admits reads of pages.

mod memory;
mod readers;

pub use memory::{AnswerMemory, Client, PageMemory, UnreadMemory};
pub use readers::Readers;

/// The most bytes of JSON that a page has, but for what one more entry needs.
pub const PAGE_BYTES: usize = 256 * 1024;
