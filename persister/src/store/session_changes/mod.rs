//! The changes of what staff keeps about sessions, as rows.

mod read;
mod rows;
mod write;

use chat::{Assignee, AssignmentReason, SessionAction, SessionChange};

pub(super) use read::{NeededChanges, StoredSessionChanges, by_key, first_replies, since};
pub(super) use write::{insert, update_changed_at};

/// Whether the system made the change, and no member of the staff.
pub(super) fn is_of_system(change: &SessionChange) -> bool {
    change.by.is_none()
        && match &change.what {
            SessionAction::Claim(assignee) | SessionAction::Assign(assignee) => {
                assignee.reason == AssignmentReason::Auto
            }
            SessionAction::Release { from, .. } => from.is_some(),
            SessionAction::Route(_) => true,
            SessionAction::Tags { .. } | SessionAction::Priority(_) => false,
        }
}

/// Whether `change` is `first` sent again. A name may be spelt in another way.
pub(super) fn is_repeat_of(change: &SessionChange, first: &SessionChange) -> bool {
    let is_same_assignee = |one: &Assignee, other: &Assignee| one.id == other.id;
    change.session_id == first.session_id
        && match (&change.what, &first.what) {
            (SessionAction::Claim(one), SessionAction::Claim(other))
            | (SessionAction::Assign(one), SessionAction::Assign(other)) => {
                is_same_assignee(one, other)
            }
            (one, other) => one == other,
        }
}
