use uuid::Uuid;

use super::TraceParent;

/// What an event is about, as logs and traces may say it: no content and no names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The message, if it is one.
    pub message_id: Option<Uuid>,
    /// The status change, if it is one.
    pub change_id: Option<Uuid>,
    /// The session whose state it is, if it is one.
    pub session_id: Option<Uuid>,
    /// The trace that it belongs to.
    pub trace: Option<TraceParent>,
}

impl Subject {
    /// The message or change with its trace, if it has one.
    pub fn traced(self) -> Option<(Uuid, TraceParent)> {
        self.message_id.or(self.change_id).zip(self.trace)
    }

    /// Tells the log that it goes to the dead letters.
    pub fn log_dead(self, reason: &str) {
        tracing::warn!(
            messageId = self.message_id.map(tracing::field::display),
            changeId = self.change_id.map(tracing::field::display),
            sessionId = self.session_id.map(tracing::field::display),
            traceId = self.trace_id(),
            reason,
            "an event goes to the dead letters"
        );
    }

    /// The id of its trace as traces are looked for by.
    pub fn trace_id(self) -> Option<String> {
        self.trace.map(|trace| format!("{:032x}", trace.trace_id()))
    }
}
