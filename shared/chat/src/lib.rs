//! The domain's types. A value is checked when it is made, so that no code behind it checks again.

mod conversation_read;
pub mod event;
mod invalid;
mod message;
mod player_id;
mod read_mark;
mod rejection;
mod session;
mod subject;
mod text;
pub mod timestamp;
mod trace_parent;

pub use conversation_read::ConversationRead;
pub use invalid::ValidationError;
pub use message::{Message, SenderType};
pub use player_id::PlayerId;
pub use read_mark::{Mark, ReadMark, ReadState, Reader};
pub use rejection::{MessageRejected, RejectionReason};
pub use session::{RequestedStatus, SessionState, SessionStatus, StaffFacts, StatusChange};
pub use subject::Subject;
pub use text::{Content, Name, SenderId};
pub use timestamp::now;
pub use trace_parent::TraceParent;
