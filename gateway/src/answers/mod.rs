//! The memory that pages take.
//!
//! - [`AnswerMemory`]: the memory for pages, of which each client address has a share.
//! - [`PageMemory`] and [`UnreadMemory`]: the part of one page, until it is serialized and until it
//!   is taken.
//! - [`Readers`]: admits reads of pages.

mod memory;
mod readers;

pub use memory::{AnswerMemory, Client, PageMemory, UnreadMemory};
pub use readers::Readers;

/// The most bytes of JSON of a page; its last entry may exceed it.
pub const PAGE_BYTES: usize = 256 * 1024;
