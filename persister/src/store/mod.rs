//! One batch, one transaction, a handful of statements however many events there are.
//!
//! Locks are taken in an order that two persisters cannot deadlock in: first the rows of the
//! conversations, by `player_id`, and only whoever holds all of its conversations goes on to the
//! messages, by `id`.

mod archive;
mod archived_ids;
mod audit;
mod canary;
mod clock;
mod erase;
mod error;
mod identity;
mod plan;
mod read;
mod record;
mod sessions;
mod stale;
mod statement;
mod waiting;
mod write;

use std::{
    collections::{BTreeMap, HashSet},
    sync::atomic::{AtomicU64, Ordering},
};

use chat::{
    self, ConversationRead, Message, MessageRejected, RejectionReason, SessionState, StatusChange,
    event::Event,
};
use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};

pub use archive::{ArchivedMessage, archive, archived_through};
pub use archived_ids::forget;
pub use audit::{AuditRow, Auditee, audit_rows, purge_audit};
pub use canary::prove_writable;
pub use erase::{Erased, erase};
pub use error::StoreError;
use plan::Plan;
use read::Conversation;
pub use record::MessageRecord;

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Outcome {
    /// When each message that became a row was accepted.
    pub persisted: Vec<DateTime<Utc>>,
    /// How many events were there already.
    pub duplicates: usize,
    /// Messages whose id another message has. They are not written.
    pub rejected: Vec<MessageRejected>,
    /// How many status changes have the id of another one. They are not written.
    pub conflicting_changes: usize,
    /// How many rows were added to the audit.
    pub audited: usize,
    /// The sessions that clients must be told of, as committed.
    pub news: Vec<SessionState>,
    /// The players whose conversations another transaction had locked. Nothing of theirs is written.
    pub locked: HashSet<String>,
    /// How many new events had a time ahead of the database's clock and were dated by that instead.
    pub ahead: usize,
    /// The local clock's offset to the database's, as far as the round trip lets it be known.
    pub clock_offset: Option<TimeDelta>,
}

/// What to do about conversations that another transaction has locked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locks {
    /// Wait for them, for as long as the connection's `lock_timeout` allows.
    #[default]
    Wait,
    /// Leave them out.
    Skip,
}

/// One attempt at writing a batch.
#[derive(Debug, Default)]
pub struct Attempt {
    locks: Locks,
    steps: AtomicU64,
}

impl Attempt {
    /// An attempt that does with locked conversations as `locks` says.
    pub fn new(locks: Locks) -> Self {
        Self { locks, steps: AtomicU64::new(0) }
    }

    /// Steps that were done. An attempt takes long if many messages have to be moved, and has not
    /// stopped while this grows.
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    fn advance(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }
}

/// Writes `events`, all of them but those of locked conversations or, after an error, none.
///
/// # Errors
/// See [`StoreError`].
pub async fn persist(
    connection: &mut AsyncPgConnection,
    events: &[Event],
    attempt: &Attempt,
) -> Result<Outcome, StoreError> {
    let batch = Sorted::new(events, &HashSet::new());
    if batch.players.is_empty() {
        // A read changes no conversation, and takes no lock.
        let audited = audit::insert(connection, &audit::reads(&batch.reads)).await?;
        return Ok(Outcome { audited, ..Outcome::default() });
    }
    connection.transaction(async |connection| write_batch(connection, events, attempt).await).await
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
    /// All events but those of `locked` players.
    fn new(events: &'a [Event], locked: &HashSet<String>) -> Self {
        let (mut messages, mut changes, mut reads) = (Vec::new(), Vec::new(), Vec::new());
        for event in events {
            if !locked.is_empty() && locked.contains(event.player_id().as_str()) {
                continue;
            }
            match event {
                Event::Message(message) => messages.push(message.as_ref()),
                Event::StatusChange(change) => changes.push(change),
                Event::ConversationRead(read) => reads.push(read),
                // They come from the persister; there is nothing in them to be written.
                Event::SessionUpdated(_) | Event::MessageRejected(_) => {}
            }
        }
        let ids = messages.iter().map(|message| &message.player_id);
        let ids = ids.chain(changes.iter().map(|change| &change.player_id));
        let mut players: Vec<_> = ids.map(|id| id.as_str()).collect();
        players.sort_unstable();
        players.dedup();
        Self { messages, changes, reads, players }
    }

    /// When the first of them was accepted: what was over by then, the batch cannot touch.
    fn earliest(&self) -> Option<DateTime<Utc>> {
        let messages = self.messages.iter().map(|message| message.accepted_at);
        messages.chain(self.changes.iter().map(|change| change.accepted_at)).min()
    }
}

async fn write_batch(
    connection: &mut AsyncPgConnection,
    events: &[Event],
    attempt: &Attempt,
) -> Result<Outcome, StoreError> {
    let none = HashSet::new();
    let all = Sorted::new(events, &none);
    if !read::are_all_there(connection, &all.players).await? {
        write::ensure_conversations(connection, &all.players).await?;
    }
    let asked_at = chat::now();
    let locked = read::lock_conversations(connection, &all.players, attempt.locks).await?;
    let clock_offset = locked.clock.map(|clock| clock::offset(asked_at, clock, chat::now()));
    let (conversations, locked_players) = match attempt.locks {
        Locks::Wait => (locked.rows, none),
        Locks::Skip => without_locked(connection, &all.players, locked.rows).await?,
    };
    let redated = locked.clock.and_then(|clock| clock::redate(events, clock));
    let ahead_ids = redated.as_ref().map(|redated| &redated.ids);
    let events = redated.as_ref().map_or(events, |redated| redated.events.as_slice());
    let batch = Sorted::new(events, &locked_players);
    let Some(earliest) = batch.earliest() else {
        return Ok(Outcome { locked: locked_players, clock_offset, ..Outcome::default() });
    };

    let stored = read::messages_by_id(connection, &batch.messages).await?;
    let new_changes = write::insert_changes(connection, &batch.changes).await?;
    let change_ids: Vec<_> = batch.changes.iter().map(|change| change.change_id).collect();
    let stored_changes = read::changes_by_id(connection, &change_ids).await?;
    let changes = read::changes_since(connection, &batch.players, earliest, &new_changes).await?;
    let stored_sessions = sessions::since(connection, &conversations, earliest).await?;

    let mut plan = Plan::new(conversations, changes, stored_sessions, earliest);
    plan.add_messages(&batch.messages, &stored);
    let ahead_changes = ahead_ids.map_or(0, |ids| new_changes.intersection(ids).count());
    plan.add_changes(&batch.changes, new_changes.clone(), &stored_changes);
    read_what_is_needed(connection, &mut plan, attempt).await?;
    let outdated = read::outdated(connection, &plan.seen_until()).await?;
    plan.place_all(&outdated);
    let plan = plan.finish();
    let mut audited = audit::changes(&batch.changes, &new_changes, &plan);
    audited.extend(audit::reads(&batch.reads));

    write::upsert_sessions(connection, &plan.sessions).await?;
    write::move_messages(connection, &plan.moves, attempt).await?;
    write::insert_messages(connection, &plan.messages).await?;
    write::update_conversations(connection, &plan.conversations).await?;
    waiting::recount(connection, &plan.recounts).await?;
    let audited = audit::insert(connection, &audited).await?;
    write::mark_ineffective(connection, &plan.ineffective).await?;

    let mut news: BTreeMap<_, _> =
        plan.news.into_iter().map(|session| (session.id, session)).collect();
    let unread: Vec<_> =
        plan.repeated_sessions.into_iter().filter(|id| !news.contains_key(id)).collect();
    let repeated = sessions::by_id(connection, &unread).await?;
    news.extend(repeated.into_iter().map(|session| (session.id, session)));
    stale::announce(connection, &mut news, &plan.stale).await?;
    let new_messages = plan.messages.iter().map(|new| new.message.message_id);
    let ahead_messages =
        ahead_ids.map_or(0, |ids| new_messages.filter(|id| ids.contains(id)).count());
    let (mut rejected, mut conflicting_changes) = (Vec::new(), 0);
    for event in plan.conflicts {
        let subject = event.subject();
        tracing::debug!(
            messageId = subject.message_id.map(tracing::field::display),
            changeId = subject.change_id.map(tracing::field::display),
            traceId = subject.trace_id(),
            "an event is not written, since another one has its id"
        );
        match event {
            Event::Message(message) => rejected.push(MessageRejected {
                message_id: message.message_id,
                player_id: message.player_id,
                reason: RejectionReason::MessageIdTaken,
                accepted_at: message.accepted_at,
            }),
            _ => conflicting_changes += 1,
        }
    }
    Ok(Outcome {
        persisted: plan.messages.iter().map(|new| new.message.accepted_at).collect(),
        duplicates: plan.duplicates,
        rejected,
        conflicting_changes,
        audited,
        news: news.into_values().collect(),
        locked: locked_players,
        ahead: ahead_messages + ahead_changes,
        clock_offset,
    })
}

/// Reads what a few batches need besides: the messages of sessions that may be cut, opened again or
/// lose what staff wrote after them, and who took those before.
async fn read_what_is_needed(
    connection: &mut AsyncPgConnection,
    plan: &mut Plan<'_>,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    let needs = plan.needs();
    let Some(since) = needs.iter().map(|need| need.since).min() else {
        return Ok(());
    };
    let players: Vec<_> = needs.iter().map(|need| need.player_id.as_str()).collect();
    let messages = read::needed_messages(connection, &needs, attempt).await?;
    let changes = read::changes_since(connection, &players, since, &plan.new_changes()).await?;
    plan.add_needed(&needs, messages, changes);
    Ok(())
}

/// The conversations among `rows` whose latest session is free as well, and the `players` whose
/// conversation or session another transaction has locked.
async fn without_locked(
    connection: &mut AsyncPgConnection,
    players: &[&str],
    mut rows: Vec<Conversation>,
) -> Result<(Vec<Conversation>, HashSet<String>), StoreError> {
    let mut locked: HashSet<String> = players.iter().map(|&player| player.to_owned()).collect();
    for conversation in &rows {
        locked.remove(&conversation.player_id);
    }
    locked.extend(read::with_locked_sessions(connection, &rows).await?);
    rows.retain(|conversation| !locked.contains(&conversation.player_id));
    Ok((rows, locked))
}
