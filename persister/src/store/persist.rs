use std::collections::{BTreeMap, HashSet};

use chat::{PlayerId, event::Event};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use uuid::Uuid;

use super::{
    attempt::{Attempt, Locks},
    audit,
    batch::Batch,
    clock::{self, Redated},
    error::StoreError,
    outcome::Outcome,
    planner::Planner,
    read::{self, LockedConversations},
    rows::ConversationRow,
    sessions, stale, waiting, write,
};

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
        // A read changes no conversation, and takes no lock.
        let audited = audit::insert(connection, &audit::reads(&batch.reads)).await?;
        return Ok(Outcome { audited, ..Outcome::default() });
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
    if !read::all_exist(connection, &batch.players).await? {
        write::ensure_conversations(connection, &batch.players).await?;
    }
    let asked_at = chat::now();
    let LockedConversations { mut rows, clock } =
        read::lock_conversations(connection, &batch.players, attempt.locks).await?;
    let clock_offset = clock.map(|clock| clock::offset(asked_at, clock, chat::now()));
    let locked = match attempt.locks {
        Locks::Wait => HashSet::new(),
        Locks::Skip => leave_out_locked(connection, &batch, &mut rows).await?,
    };
    let Redated { events: redated, ids: ahead } =
        clock.and_then(|clock| clock::redate(batch.events, clock)).unwrap_or_default();
    let mut batch = if ahead.is_empty() { batch } else { Batch::new(&redated) };
    batch.leave_out(&locked);
    let reads = audit::reads(&batch.reads);
    let Some(earliest) = batch.earliest() else {
        let audited = audit::insert(connection, &reads).await?;
        return Ok(Outcome { audited, locked, clock_offset, ..Outcome::default() });
    };

    let stored = read::messages_by_id(connection, &batch.messages).await?;
    // The insert comes before the reads of changes, since it decides which changes are new. It
    // waits for another transaction that inserts the same id, whose row the next statement then
    // reads.
    let new_changes = write::insert_changes(connection, &batch.changes).await?;
    let change_ids = batch.changes.iter().map(|change| change.change_id);
    let stored_ids: Vec<_> = change_ids.filter(|id| !new_changes.contains(id)).collect();
    let stored_changes = read::changes_by_id(connection, &stored_ids).await?;
    let changes = read::changes_since(connection, &batch.players, earliest, &new_changes).await?;
    let stored_sessions = sessions::since(connection, &rows, earliest).await?;

    let mut planner = Planner::new(rows, changes, stored_sessions, earliest)?;
    planner.add_messages(&batch.messages, &stored)?;
    planner.add_changes(&batch.changes, &new_changes, &stored_changes)?;
    read_needed(connection, &mut planner, &new_changes, attempt).await?;
    let outdated = read::outdated(connection, &planner.last_seen()).await?;
    let plan = planner.finish(&outdated);
    let mut audit_rows = audit::changes(&batch.changes, &new_changes, &plan);
    audit_rows.extend(reads);

    write::upsert_sessions(connection, &plan.sessions).await?;
    write::move_messages(connection, &plan.moves, attempt).await?;
    write::insert_messages(connection, &plan.messages).await?;
    write::update_conversations(connection, &plan.conversations).await?;
    waiting::recount(connection, &plan.recounts).await?;
    let audited = audit::insert(connection, &audit_rows).await?;
    write::mark_ineffective(connection, &plan.ineffective).await?;

    let mut updates: BTreeMap<_, _> =
        plan.session_updates.into_iter().map(|session| (session.id, session)).collect();
    let unread: Vec<_> =
        plan.redelivered_sessions.into_iter().filter(|id| !updates.contains_key(id)).collect();
    let redelivered = sessions::by_id(connection, &unread).await?;
    updates.extend(redelivered.into_iter().map(|session| (session.id, session)));
    stale::announce(connection, &mut updates, &plan.stale).await?;

    let new_ids = plan.messages.iter().map(|new| new.message.message_id);
    Ok(Outcome {
        ahead: new_ids.chain(new_changes).filter(|id| ahead.contains(id)).count(),
        persisted: plan.messages.iter().map(|new| new.message.accepted_at).collect(),
        duplicates: plan.duplicates,
        rejected: plan.rejected,
        conflicting_changes: plan.conflicting_changes,
        audited,
        session_updates: updates.into_values().collect(),
        locked,
        clock_offset,
    })
}

/// Reads the messages that the planner needs, and the changes since the first of them.
async fn read_needed(
    connection: &mut AsyncPgConnection,
    planner: &mut Planner<'_>,
    new_changes: &HashSet<Uuid>,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    let needs = planner.needs();
    let Some(since) = needs.iter().map(|need| need.since).min() else {
        return Ok(());
    };
    let players: Vec<_> = needs.iter().map(|need| &need.player_id).collect();
    let messages = read::needed_messages(connection, &needs, attempt).await?;
    let changes = read::changes_since(connection, &players, since, new_changes).await?;
    planner.add_needed(&needs, messages, changes)
}

/// Keeps of `rows` the conversations whose latest session is free as well. Returns the players of
/// the batch whose conversation or session another transaction has locked.
async fn leave_out_locked(
    connection: &mut AsyncPgConnection,
    batch: &Batch<'_>,
    rows: &mut Vec<ConversationRow>,
) -> Result<HashSet<PlayerId>, StoreError> {
    let free = read::lock_free_sessions(connection, rows).await?;
    rows.retain(|row| row.session_id.is_none_or(|session| free.contains(&session)));
    let free: HashSet<_> = rows.iter().map(|row| &row.player_id).collect();
    let locked = batch.players.iter().filter(|player| !free.contains(**player));
    Ok(locked.map(|player| (*player).clone()).collect())
}
