use std::collections::BTreeMap;

use chat::{CannedRepliesUpdated, event::Event};
use diesel_async::{AsyncConnection, AsyncPgConnection};

use super::{
    attempt::Attempt,
    audit,
    batch::Batch,
    canned,
    clock::{self, Redated},
    error::StoreError,
    lock::{LockedConversations, lock_conversations},
    notes,
    outcome::Outcome,
    planner::Planner,
    read,
    read_marks::{self, Marked, NewMessages},
    session_changes, sessions, staff, stale, waiting, write,
};
use crate::staff_facts::Source;

/// Writes `events` in one transaction, except those of locked conversations.
///
/// # Errors
/// See [`StoreError`]. Nothing is written then.
pub async fn persist(
    connection: &mut AsyncPgConnection,
    events: &[Event],
    attempt: &Attempt,
) -> Result<Outcome, StoreError> {
    let batch = Batch::new(events);
    if batch.players.is_empty() {
        // A read or a mark changes no conversation, nor does an event of no conversation: they take
        // no lock of one.
        return write_without_conversations(connection, &batch).await;
    }
    connection
        .transaction(async move |connection| write_batch(connection, batch, attempt).await)
        .await
}

/// Writes the batch in the transaction of `connection`.
///
/// # Errors
/// See [`StoreError`].
pub(super) async fn write_batch(
    connection: &mut AsyncPgConnection,
    batch: Batch<'_>,
    attempt: &Attempt,
) -> Result<Outcome, StoreError> {
    let asked_at = chat::now();
    let LockedConversations { rows, clock } =
        lock_conversations(connection, &batch.players, attempt.locks).await?;
    let clock_offset = clock.map(|clock| clock::offset(asked_at, clock, chat::now()));
    let locked = batch.players_without(&rows);
    let Redated { events: redated, ids: ahead } =
        clock.and_then(|clock| clock::redate(batch.events, clock)).unwrap_or_default();
    let mut batch = if ahead.is_empty() { batch } else { Batch::new(&redated) };
    batch.leave_out(&locked);
    let noted = notes::write(connection, &batch.notes, &notes::erased_through(&rows)).await?;
    let ahead_notes = noted.new.iter().filter(|note| ahead.contains(&note.note_id)).count();
    let Some(earliest) = batch.earliest() else {
        let mut outcome = write_without_conversations(connection, &batch).await?;
        outcome.audited += audit::insert(connection, &audit::notes(&noted.new)).await?;
        outcome.duplicates += noted.duplicates;
        outcome.conflicting_changes += noted.conflicts;
        return Ok(Outcome { ahead: ahead_notes, locked, clock_offset, ..outcome });
    };

    let stored = read::messages_by_key(connection, &batch.messages).await?;
    let stored_status_changes = read::changes_by_key(connection, &batch.status_changes).await?;
    let stored_session_changes =
        session_changes::by_key(connection, &batch.session_changes).await?;
    let changes = read::changes_since(connection, &batch.players, earliest).await?;
    let stored_sessions = sessions::since(connection, &rows, earliest).await?;

    let mut planner = Planner::new(rows, changes, stored_sessions, earliest)?;
    planner.add_messages(&batch.messages, &stored)?;
    planner.add_status_changes(&batch.status_changes, &stored_status_changes)?;
    planner.add_session_changes(&batch.session_changes, &stored_session_changes)?;
    read_needed(connection, &mut planner, attempt).await?;
    let outdated = read::outdated(connection, &planner.last_seen()).await?;
    let mut placed = planner.place(&outdated, attempt.replies_claim);
    placed.add_stored(session_changes::since(connection, &placed.needed_changes()).await?);
    placed.add_replies(session_changes::first_replies(connection, &placed.gaps()).await?);
    let plan = placed.finish();
    let mut audit_rows = audit::status_changes(&plan);
    audit_rows.extend(audit::session_changes(&plan.session_changes));
    audit_rows.extend(audit::notes(&noted.new));
    audit_rows.extend(audit::reads(&batch.audited_reads));

    write::upsert_sessions(connection, &plan.sessions, plan.are_facts_changed).await?;
    write::move_messages(connection, &plan.moves, attempt).await?;
    write::insert_messages(connection, &plan.messages).await?;
    write::update_conversations(connection, &plan.conversations).await?;
    waiting::recount(connection, &plan.recounts).await?;
    let audited = audit::insert(connection, &audit_rows).await?;
    write::insert_changes(connection, &plan.status_changes).await?;
    write::mark_ineffective(connection, &plan.ineffective).await?;
    session_changes::insert(connection, &plan.session_changes).await?;
    session_changes::update_changed_at(connection, &plan.desk_changed_at).await?;

    let mut updates: BTreeMap<_, _> =
        plan.session_updates.into_iter().map(|session| (session.id, session)).collect();
    let not_loaded: Vec<_> =
        plan.sessions_to_announce.into_iter().filter(|(_, id)| !updates.contains_key(id)).collect();
    let loaded = sessions::by_key(connection, &not_loaded).await?;
    updates.extend(loaded.into_iter().map(|session| (session.id, session)));
    stale::add_to_updates(connection, &mut updates, &plan.stale).await?;
    let new = NewMessages { messages: &plan.messages, conversations: &plan.conversations, clock };
    let Marked { rows: marked, updates: read_updates } =
        read_marks::write(connection, &batch.read_marks, &new).await?;
    let canned_replies = write_of_no_conversation(connection, &batch).await?;

    let new_messages = plan.messages.iter().map(|new| new.message.message_id);
    let new_changes = plan.status_changes.iter().map(|change| change.change_id);
    let new_events = plan.session_changes.iter().filter(|new| new.source == Source::Event);
    let new_changes = new_changes.chain(new_events.map(|new| new.change.change_id));
    let ahead_events = new_messages.chain(new_changes).filter(|id| ahead.contains(id)).count();
    Ok(Outcome {
        ahead: ahead_events + ahead_notes,
        persisted: plan.messages.iter().map(|new| new.message.accepted_at).collect(),
        duplicates: plan.duplicates + noted.duplicates,
        rejected: plan.rejected,
        conflicting_changes: plan.conflicting_changes + noted.conflicts,
        audited,
        marked,
        read_updates,
        canned_replies,
        session_updates: updates.into_values().collect(),
        locked,
        clock_offset,
    })
}

/// Writes the reads and the marks of the batch, and its events of no conversation. Each part is
/// repeatable by itself.
async fn write_without_conversations(
    connection: &mut AsyncPgConnection,
    batch: &Batch<'_>,
) -> Result<Outcome, StoreError> {
    let audited = audit::insert(connection, &audit::reads(&batch.audited_reads)).await?;
    let Marked { rows: marked, updates: read_updates } =
        read_marks::write(connection, &batch.read_marks, &NewMessages::default()).await?;
    let canned_replies = write_of_no_conversation(connection, batch).await?;
    Ok(Outcome { audited, marked, read_updates, canned_replies, ..Outcome::default() })
}

/// Writes the events of no conversation. Returns the version of the canned replies to announce.
async fn write_of_no_conversation(
    connection: &mut AsyncPgConnection,
    batch: &Batch<'_>,
) -> Result<Option<CannedRepliesUpdated>, StoreError> {
    staff::write(connection, &batch.availabilities).await?;
    canned::write(connection, &batch.canned).await
}

/// Reads the messages that the planner needs, and the changes since the first of them.
async fn read_needed(
    connection: &mut AsyncPgConnection,
    planner: &mut Planner<'_>,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    let needs = planner.needs();
    let Some(since) = needs.iter().map(|need| need.since).min() else {
        return Ok(());
    };
    let players: Vec<_> = needs.iter().map(|need| &need.player_id).collect();
    let messages = read::needed_messages(connection, &needs, attempt).await?;
    let changes = read::changes_since(connection, &players, since).await?;
    planner.add_needed(&needs, messages, changes)
}
