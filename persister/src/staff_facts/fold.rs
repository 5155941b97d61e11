use chat::{Assignee, SessionAction, SessionChange, StaffFacts, Tag};
use chrono::{DateTime, Utc};

/// The facts of a session before its first change.
pub(super) fn before_any_change(facts: &StaffFacts) -> StaffFacts {
    StaffFacts {
        actor_id: facts.actor_id.clone(),
        actor_name: facts.actor_name.clone(),
        stale_change_ids: facts.stale_change_ids.clone(),
        language: facts.language.clone(),
        ..StaffFacts::default()
    }
}

/// Applies the session's next change to its facts, and returns whether it had an effect. A change of
/// the assignee has its author as the actor.
pub(super) fn apply(facts: &mut StaffFacts, change: &SessionChange) -> bool {
    let before = facts.clone();
    match &change.what {
        SessionAction::Claim(assignee) if facts.assignee_id.is_none() => {
            assign(facts, assignee, change.accepted_at);
        }
        SessionAction::Claim(_) => {}
        SessionAction::Assign(assignee) => assign(facts, assignee, change.accepted_at),
        SessionAction::Release { team, from } => {
            if from.is_none() || *from == facts.assignee_id {
                (facts.assignee_id, facts.assignee_name, facts.assigned_at) = (None, None, None);
                facts.team = team.clone().or(facts.team.take());
            }
        }
        SessionAction::Route(team) => {
            facts.team.get_or_insert_with(|| team.clone());
        }
        SessionAction::Tags { add, remove } => {
            facts.tags.retain(|tag| !remove.contains(tag));
            for tag in add {
                if facts.tags.len() < Tag::MAX_OF_SESSION && !facts.tags.contains(tag) {
                    facts.tags.push(tag.clone());
                }
            }
            facts.tags.sort_unstable();
        }
        SessionAction::Priority(priority) => facts.priority = *priority,
    }
    if before.assignee_id != facts.assignee_id {
        facts.actor_id.clone_from(&change.by);
        facts.actor_name.clone_from(&change.by_name);
    }
    before != *facts
}

/// Gives the session to `assignee`. A member of the staff who has it already has it since then.
fn assign(facts: &mut StaffFacts, assignee: &Assignee, at: DateTime<Utc>) {
    if facts.assignee_id.as_ref() != Some(&assignee.id) {
        facts.assigned_at = Some(at);
    }
    facts.assignee_id = Some(assignee.id.clone());
    facts.assignee_name.clone_from(&assignee.name);
}
