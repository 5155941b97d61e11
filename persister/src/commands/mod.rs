//! The operators' commands.

mod archive;
mod arguments;
mod audit;
mod distribute;
mod erase;
mod export;
mod migrate;
mod predecessor;

pub use archive::ArchiveCommand;
pub use audit::AuditCommand;
pub use distribute::DistributeCommand;
pub use erase::EraseCommand;
pub use export::{ExportCommand, export};
pub use migrate::MigrateCommand;
pub use predecessor::PredecessorCommand;
