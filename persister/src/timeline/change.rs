use chat::StatusChange;
use uuid::Uuid;

/// A change that has no effect, or lost it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ineffective {
    /// The change.
    pub change_id: Uuid,
    /// The session that its author is shown: the one that the change names or had resolved. `None`
    /// stands for the conversation's latest.
    pub session_id: Option<Uuid>,
}

/// Whether the change names what its author saw. One that does not acts on the session that was
/// open when it was accepted.
pub(super) fn names_what_was_seen(change: &StatusChange) -> bool {
    change.session_id.is_some() || change.last_seq.is_some()
}
