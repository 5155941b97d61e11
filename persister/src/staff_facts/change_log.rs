use std::collections::HashSet;

use chat::{
    Assignee, AssignmentReason, Message, Name, PlayerId, RequestedStatus, SenderId, SessionAction,
    SessionChange, SessionState, SessionStatus, StatusChange, Team,
};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{RepliesClaim, fold};
use crate::timeline::Session;

/// How long before its session's opening a change may have been accepted that names the session. The
/// clock of the gateway that accepted the session's first message may be ahead by that much.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(10);

/// Whether the change belongs to the session.
pub fn belongs(change: &SessionChange, session: &SessionState) -> bool {
    let at = change.accepted_at;
    session.resolved_at.is_none_or(|resolved_at| at <= resolved_at)
        && match change.session_id {
            Some(id) => id == session.id && at >= session.opened_at - CLOCK_TOLERANCE,
            None => at >= session.opened_at,
        }
}

/// A change, and where it comes from.
#[derive(Clone, Debug)]
pub struct Input {
    /// The change.
    pub change: SessionChange,
    /// Where it comes from.
    pub source: Source,
}

/// Where a change comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// An event of its own, or a stored row.
    Event,
    /// A change to active, whose row is the status change's.
    Status,
    /// A change to active that reopens a session.
    Reopening,
    /// The topic of a player's message.
    Topic,
    /// A message of staff.
    Reply,
}

impl Input {
    /// The claim that `change` is, a change to active with an author: the session is assigned to its
    /// author if it reopens the session. `None` for another change.
    pub fn of_status(change: &StatusChange, is_reopening: bool) -> Option<Self> {
        if change.status != RequestedStatus::Active {
            return None;
        }
        let assignee = Assignee {
            id: change.actor_id.clone()?,
            name: change.actor_name.clone(),
            reason: AssignmentReason::Claim,
        };
        let (what, source) = if is_reopening {
            (SessionAction::Assign(assignee), Source::Reopening)
        } else {
            (SessionAction::Claim(assignee), Source::Status)
        };
        let change = SessionChange {
            change_id: change.change_id,
            player_id: change.player_id.clone(),
            // Whether it has an effect was decided when it was first written.
            session_id: None,
            what,
            by: change.actor_id.clone(),
            by_name: change.actor_name.clone(),
            accepted_at: change.accepted_at,
            traceparent: None,
        };
        Some(Self { change, source })
    }

    /// The change of an event.
    pub fn of_event(change: &SessionChange) -> Self {
        Self { change: change.clone(), source: Source::Event }
    }

    /// The route of a player's message with a `topic`.
    pub fn of_topic(message: &Message, topic: &Team) -> Self {
        let change = SessionChange {
            change_id: message.message_id,
            player_id: message.player_id.clone(),
            session_id: None,
            what: SessionAction::Route(topic.clone()),
            by: None,
            by_name: None,
            accepted_at: message.accepted_at,
            traceparent: None,
        };
        Self { change, source: Source::Topic }
    }

    /// The claim of a message of staff whose sender is known, by their `name`.
    pub fn of_reply(message: &Message, name: Option<&Name>) -> Option<Self> {
        let (id, player_id) = (message.sender_id.clone()?, message.player_id.clone());
        let change =
            claim_by_reply(player_id, message.message_id, id, name.cloned(), message.accepted_at);
        Some(Self { change, source: Source::Reply })
    }

    fn at(&self) -> DateTime<Utc> {
        self.change.accepted_at
    }

    fn releases(&self) -> bool {
        matches!(self.change.what, SessionAction::Release { .. })
    }

    /// The order of changes. A reopening comes after the claim of the same change.
    fn order(&self) -> (DateTime<Utc>, Uuid, bool) {
        (self.at(), self.change.change_id, matches!(self.change.what, SessionAction::Assign(_)))
    }
}

/// The claim of a message of staff.
pub fn claim_by_reply(
    player_id: PlayerId,
    message_id: Uuid,
    sender_id: SenderId,
    sender_name: Option<Name>,
    accepted_at: DateTime<Utc>,
) -> SessionChange {
    let (by, by_name) = (Some(sender_id.clone()), sender_name.clone());
    let reason = AssignmentReason::Reply;
    SessionChange {
        change_id: message_id,
        player_id,
        session_id: None,
        what: SessionAction::Claim(Assignee { id: sender_id, name: sender_name, reason }),
        by,
        by_name,
        accepted_at,
        traceparent: None,
    }
}

/// A part of a session that may have no assignee. The first stored message of staff in it, if there
/// is one, claims the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Time and id of the release, or of the session's opening.
    pub after: (DateTime<Utc>, Uuid),
    /// When the session was resolved.
    pub until: Option<DateTime<Utc>>,
}

/// What a [`SessionChangeLog`] did.
#[derive(Debug, Default)]
pub struct Applied {
    /// The replies that claimed a session and have no row yet.
    pub replies: Vec<SessionChange>,
    /// The ids of the changes that had an effect.
    pub effective: HashSet<Uuid>,
}

/// The changes of what staff keeps about the sessions of one conversation.
#[derive(Debug, Default)]
pub struct SessionChangeLog {
    replies_claim: RepliesClaim,
    /// When the latest stored change was accepted.
    changed_at: Option<DateTime<Utc>>,
    /// When staff's last message was accepted: among the stored ones, and with the batch's.
    pub answered_at: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    /// The batch's changes, except replies.
    pub new: Vec<Input>,
    /// The batch's messages of staff, as claims.
    pub replies: Vec<Input>,
    /// When each known change to active without an author was accepted.
    pub activations: Vec<DateTime<Utc>>,
    /// The stored changes that were needed.
    stored: Vec<Input>,
}

/// From what a session's facts are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Basis {
    /// The stored facts, which do not change.
    Unchanged,
    /// The stored facts, to which the new changes are applied.
    StoredFacts,
    /// All changes of the session.
    AllChanges,
}

impl SessionChangeLog {
    /// A conversation without new changes, whose latest stored change was accepted at `changed_at`.
    pub fn new(replies_claim: RepliesClaim, changed_at: Option<DateTime<Utc>>) -> Self {
        Self { replies_claim, changed_at, ..Self::default() }
    }

    /// Since when the stored changes are needed; for most batches none are.
    pub fn needs_since(&self, sessions: &[Session]) -> Option<DateTime<Utc>> {
        let of_all = sessions.iter().filter(|session| self.basis(session) == Basis::AllChanges);
        of_all.map(|session| session.state.opened_at - CLOCK_TOLERANCE).min()
    }

    /// Adds stored changes, and stored changes to active that have an effect.
    pub fn add_stored(
        &mut self,
        changes: impl IntoIterator<Item = SessionChange>,
        activations: impl IntoIterator<Item = StatusChange>,
    ) {
        let changes = changes.into_iter();
        self.stored.extend(changes.map(|change| Input { change, source: Source::Event }));
        for activation in activations {
            match Input::of_status(&activation, false) {
                Some(claim) => self.stored.push(claim),
                None => self.activations.push(activation.accepted_at),
            }
        }
    }

    /// The gaps in which a stored message of staff may claim a session.
    pub fn gaps(&self, sessions: &[Session]) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let (RepliesClaim::Yes, Some(answered_at)) = (self.replies_claim, self.answered_at.0)
        else {
            return gaps;
        };
        for session in sessions {
            if self.basis(session) == Basis::Unchanged {
                continue;
            }
            let releases = self.stored.iter().chain(&self.new).filter(|input| input.releases());
            let releases = releases.filter(|input| belongs(&input.change, &session.state));
            let opening = Some((session.state.opened_at, Uuid::nil()));
            let opening = opening.filter(|_| !self.has_same_changes(session));
            let starts = releases.map(|input| (input.at(), input.change.change_id)).chain(opening);
            let until = session.state.resolved_at;
            let answered = starts.filter(|(at, _)| *at <= answered_at);
            gaps.extend(answered.map(|after| Gap { after, until }));
        }
        gaps
    }

    /// Adds the first stored message of staff in each gap, as a claim.
    pub fn add_replies(&mut self, replies: impl IntoIterator<Item = SessionChange>) {
        let known: HashSet<_> = self.stored.iter().map(|input| input.change.change_id).collect();
        let new = replies.into_iter().filter(|reply| !known.contains(&reply.change_id));
        self.replies.extend(new.map(|change| Input { change, source: Source::Reply }));
        self.replies.sort_by_key(Input::order);
        self.replies.dedup_by_key(|reply| reply.change.change_id);
    }

    /// Computes the facts of the sessions.
    pub fn apply(&self, sessions: &mut [Session]) -> Applied {
        let mut applied = Applied::default();
        for session in sessions {
            let (mut facts, stored) = match self.basis(session) {
                Basis::Unchanged => {
                    self.correct_status(session);
                    continue;
                }
                Basis::StoredFacts => (session.state.staff.clone(), [].as_slice()),
                Basis::AllChanges => {
                    (fold::before_any_change(&session.state.staff), self.stored.as_slice())
                }
            };
            let inputs = stored.iter().chain(&self.new).chain(&self.replies);
            let mut inputs: Vec<_> =
                inputs.filter(|input| belongs(&input.change, &session.state)).collect();
            inputs.sort_by_key(|input| input.order());
            for input in inputs {
                if fold::apply(&mut facts, &input.change) {
                    applied.effective.insert(input.change.change_id);
                    if input.source == Source::Reply {
                        applied.replies.push(input.change.clone());
                    }
                }
            }
            if session.state.resolved_at.is_some() {
                // The actor is the author of the resolution.
                facts.actor_id.clone_from(&session.state.staff.actor_id);
                facts.actor_name.clone_from(&session.state.staff.actor_name);
            }
            let is_active = facts.assignee_id.is_some() || self.is_taken(session);
            session.set_staff_facts(facts, is_active);
        }
        applied
    }

    /// Corrects the status of a session whose facts do not change. To the timeline a change to active
    /// is an effective one, though a release may have followed it.
    fn correct_status(&self, session: &mut Session) {
        let state = &session.state;
        // Without stored changes there is no release.
        if self.changed_at.is_none() || state.resolved_at.is_some() {
            return;
        }
        let was_active = |stored: &SessionState| stored.status == SessionStatus::Active;
        let is_active = state.staff.assignee_id.is_some()
            || self.is_taken(session)
            || session.stored().is_some_and(was_active);
        if is_active != (state.status == SessionStatus::Active) {
            session.set_staff_facts(session.state.staff.clone(), is_active);
        }
    }

    fn basis(&self, session: &Session) -> Basis {
        let own = |inputs: &[Input]| -> Vec<DateTime<Utc>> {
            let own = inputs.iter().filter(|input| belongs(&input.change, &session.state));
            own.map(Input::at).collect()
        };
        let (new, replies) = (own(&self.new), own(&self.replies));
        let is_same = self.has_same_changes(session);
        let assigned_at = session.state.staff.assigned_at;
        let claims = |at: &DateTime<Utc>| assigned_at.is_none_or(|assigned_at| *at <= assigned_at);
        if is_same && new.is_empty() && !replies.iter().any(claims) {
            return Basis::Unchanged;
        }
        let is_later =
            |at: &DateTime<Utc>| self.changed_at.is_none_or(|changed_at| *at > changed_at);
        let are_later =
            new.iter().all(is_later) && replies.iter().filter(|at| claims(at)).all(is_later);
        if is_same && are_later && self.is_status_known(session) {
            Basis::StoredFacts
        } else {
            Basis::AllChanges
        }
    }

    /// Whether the stored facts of the session were computed from all stored changes, and stored
    /// messages of staff, that belong to it.
    fn has_same_changes(&self, session: &Session) -> bool {
        let state = &session.state;
        let answered_at = self.answered_at.0.filter(|_| self.replies_claim == RepliesClaim::Yes);
        let Some(stored) = session.stored() else {
            return self.changed_at < Some(state.opened_at - CLOCK_TOLERANCE)
                && answered_at < Some(state.opened_at);
        };
        if stored.opened_at != state.opened_at {
            return self.changed_at.is_none() && answered_at.is_none();
        }
        let is_same_end = stored.resolved_at == state.resolved_at;
        let end = stored.resolved_at.into_iter().chain(state.resolved_at).min();
        is_same_end || self.changed_at <= end && answered_at <= end
    }

    /// Whether it is known without the stored changes if the session is active.
    fn is_status_known(&self, session: &Session) -> bool {
        let Some(stored) = session.stored() else { return true };
        let is_assigned = stored.staff.assignee_id.is_some();
        stored.status != SessionStatus::Active
            || self.is_answered(session)
            || is_assigned && !self.new.iter().any(Input::releases)
    }

    /// Whether staff answered in the session, which is the conversation's latest, or a known change to
    /// active without an author concerns it.
    fn is_taken(&self, session: &Session) -> bool {
        let opened_at = session.state.opened_at;
        self.is_answered(session) || self.activations.iter().any(|at| *at >= opened_at)
    }

    /// Whether staff answered in the session, which is the conversation's latest.
    fn is_answered(&self, session: &Session) -> bool {
        self.answered_at.1 >= Some(session.state.opened_at)
    }
}
