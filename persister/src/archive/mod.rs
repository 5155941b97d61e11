//! History that is older than it is to be kept goes out of the database into files.

mod command;
mod files;
mod lock;

pub(crate) use command::days;
pub use command::{ABOUT_ARCHIVING, ArchiveCommand};
pub use files::Archive;
pub use lock::ArchiveLock;
