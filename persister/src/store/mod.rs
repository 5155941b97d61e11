//! One batch, one transaction, a handful of statements however many events there are.
//!
//! Locks are taken in an order that two persisters cannot deadlock in: first the rows of the
//! conversations, by `player_id`, and only whoever holds all of its conversations goes on to the
//! messages, by `id`.

mod archive;
mod archived_ids;
mod audit;
mod erase;
mod error;
mod plan;
mod read;
mod sessions;
mod stale;
mod statement;
mod waiting;
mod write;

use std::collections::BTreeMap;

use diesel_async::{AsyncConnection, AsyncPgConnection};
use shared::chat::{ConversationRead, Message, SessionState, StatusChange, event::Event};

pub use archive::{ArchivedMessage, archive, archived_through};
pub use archived_ids::forget;
pub use audit::{AuditRow, Auditee, audit_rows, purge_audit};
pub use erase::{Erased, erase};
pub use error::StoreError;
use plan::Plan;

use crate::timeline::Time;

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Outcome {
    /// When each message that became a row was accepted.
    pub persisted: Vec<Time>,
    /// How many events were there already.
    pub duplicates: usize,
    /// Events whose id another event has; they can never be written.
    pub conflicts: Vec<Event>,
    /// How many rows were added to the audit.
    pub audited: usize,
    /// The sessions that clients must be told of, as committed.
    pub news: Vec<SessionState>,
}

/// Writes `events`, all of them or, after an error, none.
///
/// # Errors
/// See [`StoreError`].
pub async fn persist(
    connection: &mut AsyncPgConnection,
    events: &[Event],
) -> Result<Outcome, StoreError> {
    let batch = Sorted::new(events);
    if batch.players.is_empty() {
        // A read changes no conversation, and takes no lock.
        let audited = audit::insert(connection, &audit::reads(&batch.reads)).await?;
        return Ok(Outcome { audited, ..Outcome::default() });
    }
    connection.transaction(async |connection| write_batch(connection, &batch).await).await
}

/// The events of a batch by what is done with them.
struct Sorted<'a> {
    messages: Vec<&'a Message>,
    changes: Vec<&'a StatusChange>,
    reads: Vec<&'a ConversationRead>,
    /// Each conversation that is written once, in the order in which they are locked.
    players: Vec<&'a str>,
}

impl<'a> Sorted<'a> {
    fn new(events: &'a [Event]) -> Self {
        let (mut messages, mut changes, mut reads) = (Vec::new(), Vec::new(), Vec::new());
        for event in events {
            match event {
                Event::Message(message) => messages.push(message.as_ref()),
                Event::StatusChange(change) => changes.push(change),
                Event::ConversationRead(read) => reads.push(read),
                // It comes from the persister; there is nothing in it to be written.
                Event::SessionUpdated(_) | Event::MessageRejected(_) => {}
            }
        }
        let ids = messages.iter().map(|it| &it.player_id);
        let ids = ids.chain(changes.iter().map(|it| &it.player_id));
        let mut players: Vec<_> = ids.map(|id| id.as_str()).collect();
        players.sort_unstable();
        players.dedup();
        Self { messages, changes, reads, players }
    }

    /// When the first of them was accepted: what was over by then, the batch cannot touch.
    fn earliest(&self) -> Option<Time> {
        let messages = self.messages.iter().map(|it| it.accepted_at);
        messages.chain(self.changes.iter().map(|it| it.accepted_at)).min()
    }
}

async fn write_batch(
    connection: &mut AsyncPgConnection,
    batch: &Sorted<'_>,
) -> Result<Outcome, StoreError> {
    let Some(earliest) = batch.earliest() else {
        return Ok(Outcome::default());
    };
    if !read::are_all_there(connection, &batch.players).await? {
        write::ensure_conversations(connection, &batch.players).await?;
    }
    let conversations = read::lock_conversations(connection, &batch.players).await?;
    let stored = read::messages_by_id(connection, &batch.messages).await?;
    let new_changes = write::insert_changes(connection, &batch.changes).await?;
    let change_ids: Vec<_> = batch.changes.iter().map(|it| it.change_id).collect();
    let stored_changes = read::changes_by_id(connection, &change_ids).await?;
    let changes = read::changes_since(connection, &batch.players, earliest, &new_changes).await?;
    let stored_sessions = sessions::since(connection, &conversations, earliest).await?;

    let mut plan = Plan::new(conversations, changes, stored_sessions, earliest);
    plan.add_messages(&batch.messages, &stored);
    plan.add_changes(&batch.changes, new_changes.clone(), &stored_changes);
    read_what_is_needed(connection, &mut plan).await?;
    let outdated = read::outdated(connection, &plan.seen_until()).await?;
    plan.place_all(&outdated);
    let plan = plan.finish();
    let mut audited = audit::changes(&batch.changes, &new_changes, &plan);
    audited.extend(audit::reads(&batch.reads));

    write::upsert_sessions(connection, &plan.sessions).await?;
    write::move_messages(connection, &plan.moves).await?;
    write::insert_messages(connection, &plan.messages).await?;
    write::update_conversations(connection, &plan.conversations).await?;
    waiting::recount(connection, &plan.recounts).await?;
    let audited = audit::insert(connection, &audited).await?;
    write::mark_ineffective(connection, &plan.ineffective).await?;

    let mut news: BTreeMap<_, _> = plan.news.into_iter().map(|it| (it.id, it)).collect();
    let unread: Vec<_> =
        plan.repeated_sessions.into_iter().filter(|id| !news.contains_key(id)).collect();
    let repeated = sessions::by_id(connection, &unread).await?;
    news.extend(repeated.into_iter().map(|it| (it.id, it)));
    stale::announce(connection, &mut news, &plan.stale).await?;
    Ok(Outcome {
        persisted: plan.messages.iter().map(|it| it.message.accepted_at).collect(),
        duplicates: plan.duplicates,
        conflicts: plan.conflicts,
        audited,
        news: news.into_values().collect(),
    })
}

/// Reads what a few batches need besides: the messages of sessions that may be cut, opened again or
/// lose what staff wrote after them, and who took those before.
async fn read_what_is_needed(
    connection: &mut AsyncPgConnection,
    plan: &mut Plan<'_>,
) -> Result<(), StoreError> {
    let needs = plan.needs();
    let Some(since) = needs.iter().map(|need| need.since).min() else {
        return Ok(());
    };
    let players: Vec<_> = needs.iter().map(|need| need.player_id.as_str()).collect();
    let messages = read::needed_messages(connection, &needs).await?;
    let changes = read::changes_since(connection, &players, since, &plan.new_changes()).await?;
    plan.add_needed(&needs, messages, changes);
    Ok(())
}
