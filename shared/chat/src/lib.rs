//! The domain's types. A value is checked when it is made, so that no code behind it checks again.

mod attachment;
pub mod body;
mod canned_reply;
mod conversation_read;
pub mod event;
mod invalid;
mod language;
mod message;
mod note;
mod player_id;
mod read_mark;
mod rejection;
mod session;
mod session_change;
mod slug;
mod staff_availability;
mod subject;
mod text;
pub mod timestamp;
mod trace_parent;

pub use attachment::{Attachment, FileName, FileType};
pub use canned_reply::{CannedRepliesUpdated, CannedReply, CannedReplyChange};
pub use conversation_read::ConversationRead;
pub use invalid::ValidationError;
pub use language::Language;
pub use message::{Intake, Message, SenderType};
pub use note::Note;
pub use player_id::PlayerId;
pub use read_mark::{Mark, ReadMark, ReadState, Reader};
pub use rejection::{MessageRejected, RejectionReason};
pub use session::{
    RequestedStatus, SessionState, SessionStatus, StaffFacts, StaffNames, StatusChange,
};
pub use session_change::{Assignee, AssignmentReason, Priority, SessionAction, SessionChange};
pub use slug::{Tag, Team};
pub use staff_availability::{Availability, StaffAvailability};
pub use subject::Subject;
pub use text::{Content, Name, SenderId};
pub use timestamp::now;
pub use trace_parent::TraceParent;
