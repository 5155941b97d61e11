//! The database: one batch, one transaction, a handful of statements however many events there are.
//!
//! Locks are taken in an order in which two persisters cannot deadlock: a transaction locks its
//! conversations, by `player_id`, and every other row that it reads or writes belongs to one of them,
//! except the read marks, which come after them ([`read_marks`]), then the members of the staff
//! ([`staff`]), and last the canned replies ([`canned`]).

mod archive;
mod archived_ids;
mod attachments;
mod attempt;
mod audit;
mod batch;
mod canary;
mod canned;
mod clock;
mod erase;
mod error;
mod identity;
mod lock;
mod notes;
mod outcome;
mod persist;
mod placed;
mod plan;
mod planner;
mod predecessor;
mod read;
mod read_marks;
mod record;
mod rows;
mod session_changes;
mod sessions;
mod staff;
mod stale;
mod statement;
mod waiting;
mod write;

pub use archive::{ArchivedMessage, archive, archived_through};
pub use archived_ids::forget;
pub use attachments::{StoredAttachments, attachment_prefix};
pub use attempt::{Attempt, Locks};
pub use audit::{AuditRow, Auditee, audit_rows, purge_audit};
pub use canary::prove_writable;
pub use erase::{Erased, erase};
pub use error::StoreError;
pub use outcome::Outcome;
pub use persist::persist;
pub use predecessor::{
    Exported, Imported, LeftOut, PredecessorSchema, export as export_to_predecessor,
    import as import_from_predecessor,
};
pub use record::MessageRecord;
pub use sessions::by_key as sessions_by_key;
