//! What staff keeps about a session: its assignee, its team, its tags and its priority.
//!
//! These facts are a fold over the changes of the session, in the order of (`accepted_at`,
//! `change_id`). So they follow from *when* changes were accepted and never from the order in which
//! they arrive here. **A change belongs to the session of the stretch in which it was accepted**, if
//! it names that session, or if it names none and the session was open by then ([`belongs`]).
//!
//! A reply of staff claims its session, if replies claim ([`RepliesClaim`]). A change to active that
//! has an effect claims it for its author, and one that reopens a session assigns it.
//!
//! Nothing here uses the database. A [`SessionChangeLog`] has the new changes of one conversation,
//! names the stored ones that it needs, and computes the facts. Most batches need none: a change that
//! is later than all stored ones is applied to the stored facts.

mod change_log;
mod fold;
#[cfg(test)]
mod tests;

pub use change_log::{Applied, Gap, Input, SessionChangeLog, Source, belongs, claim_by_reply};

use clap::ValueEnum;

/// Whether a message of staff claims a session that has no assignee (`ASSIGN_ON_REPLY`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RepliesClaim {
    /// It does.
    #[value(name = "on")]
    Yes,
    /// It does not.
    #[default]
    #[value(name = "off")]
    No,
}
