//! History that is older than it is to be kept goes out of the database into files.

mod files;
mod lock;

pub use files::Archive;
pub use lock::ArchiveLock;
