use uuid::Uuid;

use super::TraceParent;

/// The ids of an event, for logs and traces. It has no content and no names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The id of the message or the note, if the event is one.
    pub message_id: Option<Uuid>,
    /// The id of the change, if the event is one.
    pub change_id: Option<Uuid>,
    /// The id of the session, if the event is its state.
    pub session_id: Option<Uuid>,
    /// The trace that the event belongs to.
    pub trace: Option<TraceParent>,
}

impl Subject {
    /// The id of the message or change and its trace; nothing without a trace.
    pub fn traced(self) -> Option<(Uuid, TraceParent)> {
        self.message_id.or(self.change_id).zip(self.trace)
    }

    /// The trace id in the hexadecimal form of collectors.
    pub fn trace_id(self) -> Option<String> {
        self.trace.map(|trace| format!("{:032x}", trace.trace_id()))
    }
}
