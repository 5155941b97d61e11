//! The archive: files of messages that were moved out of the database.

mod files;
mod lock;

pub use files::Archive;
pub use lock::ArchiveLock;
