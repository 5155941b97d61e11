use chat::{
    Subject,
    body::{self, UnreadableBody, UnreadableEvent},
    event::Event,
};
use service::{LogLimit, metrics::Label};
use strum::{IntoStaticStr, VariantArray};

/// An event that a worker can never process, on its way to the queue of dead letters.
#[derive(Debug)]
pub struct DeadLetter {
    /// The body to publish, which an operator can replay unchanged.
    pub body: Vec<u8>,
    /// The kind of reason, for the metrics.
    pub kind: DeadLetterReason,
    /// Why the worker can never process it, for the operator.
    pub reason: String,
    /// The ids that the log names; empty if the event is unreadable.
    pub subject: Subject,
}

/// Why a worker can never process an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum DeadLetterReason {
    /// It is not an event that this release can read.
    Unreadable,
    /// It is an event that the persister publishes, and does not write.
    Misdirected,
    /// Another message or change has its id. Only persisters of older releases made such dead letters.
    Conflict,
    /// The database or Pusher rejects it.
    Refused,
}

impl DeadLetterReason {
    /// The reasons that a broadcaster has.
    pub const OF_BROADCASTER: [Self; 2] = [Self::Unreadable, Self::Refused];
}

impl Label for DeadLetterReason {
    const NAME: &'static str = "reason";
}

impl DeadLetter {
    /// A dead letter with a readable event; nothing if the event cannot be encoded.
    pub fn new(event: &Event, kind: DeadLetterReason, reason: &str) -> Option<Self> {
        let body = body::encode([&event.encode().ok()?]);
        Some(Self { body, kind, reason: reason.to_owned(), subject: event.subject() })
    }

    /// Logs that the event is dead-lettered. The log names no content. Of many, the log has some: the
    /// queue of dead letters has all.
    pub(super) fn log(&self) {
        static LIMIT: LogLimit = LogLimit::per_minute(10);
        let Some(line) = LIMIT.line() else { return };
        let Subject { message_id, change_id, session_id, .. } = self.subject;
        tracing::warn!(
            messageId = message_id.map(tracing::field::display),
            changeId = change_id.map(tracing::field::display),
            sessionId = session_id.map(tracing::field::display),
            trace_id = self.subject.trace_id(),
            reason = self.reason,
            left_out = line.left_out,
            "an event goes to the dead letters"
        );
    }
}

impl From<UnreadableEvent> for DeadLetter {
    fn from(UnreadableEvent { event, reason }: UnreadableEvent) -> Self {
        let (kind, subject) = (DeadLetterReason::Unreadable, Subject::default());
        Self { body: body::encode([&event]), kind, reason, subject }
    }
}

impl From<(Vec<u8>, UnreadableBody)> for DeadLetter {
    fn from((body, error): (Vec<u8>, UnreadableBody)) -> Self {
        let (kind, subject) = (DeadLetterReason::Unreadable, Subject::default());
        Self { body, kind, reason: error.to_string(), subject }
    }
}
