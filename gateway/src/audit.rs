//! The record of which member of the staff reads which conversation, which the persister keeps.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use chat::{ConversationRead, PlayerId, SenderId, event::Event};
use uuid::Uuid;

use crate::{auth::Caller, clock::Clock, group_commit::EventPublisher};

/// How long after a recorded read further reads of the same conversation by the same reader are part of
/// it.
const ONE_READ: Duration = Duration::from_secs(60);

/// Reads that are remembered. Where more are recorded within a minute, some are recorded twice.
const REMEMBERED_AT_MOST: usize = 10_000;

/// Records reads, if it is to.
pub struct ReadAudit {
    recent: Option<Mutex<RecentReads>>,
    event_publisher: EventPublisher,
    clock: Arc<Clock>,
}

impl ReadAudit {
    /// Records through `event_publisher`, with times of `clock`, if `enabled`.
    pub fn new(enabled: bool, event_publisher: EventPublisher, clock: Arc<Clock>) -> Self {
        Self { recent: enabled.then(Mutex::default), event_publisher, clock }
    }

    /// Records that `caller` has read the conversation of `player`, unless it is a player, or not known by
    /// an id. It delays nothing: a read that cannot be recorded is counted and logged.
    pub fn record(&self, caller: &Caller, player: &PlayerId) {
        let (Some(recent), Caller::Staff { id, name }) = (&self.recent, caller) else {
            return;
        };
        // A thread that panicked while it held the lock left reads that are as good as any.
        let mut recent = recent.lock().unwrap_or_else(PoisonError::into_inner);
        if !recent.is_new(id, player, Instant::now()) {
            return;
        }
        drop(recent);
        let read = Event::ConversationRead(ConversationRead {
            read_id: Uuid::now_v7(),
            player_id: player.clone(),
            actor_id: id.clone(),
            actor_name: name.clone(),
            accepted_at: self.clock.next_timestamp(),
        });
        let Ok(encoded) = read.encode() else { return };
        let (event_publisher, player) = (self.event_publisher.clone(), player.clone());
        actix_web::rt::spawn(async move {
            if let Err(cause) = event_publisher.publish_read(&player, encoded).await {
                tracing::debug!(%cause, "a read of a conversation is not recorded");
            }
        });
    }
}

/// The reads of the last minute, or the last of them.
#[derive(Debug, Default)]
struct RecentReads(HashMap<(SenderId, PlayerId), Instant>);

impl RecentReads {
    /// Whether a read at `now` is a new one; if so, it is remembered.
    fn is_new(&mut self, reader: &SenderId, player: &PlayerId, now: Instant) -> bool {
        let is_recent = |at: &Instant| now.saturating_duration_since(*at) < ONE_READ;
        let key = (reader.clone(), player.clone());
        if self.0.get(&key).is_some_and(is_recent) {
            return false;
        }
        if self.0.len() >= REMEMBERED_AT_MOST {
            self.0.retain(|_, at| is_recent(at));
        }
        if self.0.len() >= REMEMBERED_AT_MOST {
            self.0.clear();
        }
        self.0.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_new(recent: &mut RecentReads, reader: &str, player: &str, now: Instant) -> bool {
        let reader = reader.to_owned().try_into().unwrap();
        recent.is_new(&reader, &player.to_owned().try_into().unwrap(), now)
    }

    #[test]
    fn a_reader_is_recorded_once_a_minute_for_each_conversation() {
        let (mut recent, now) = (RecentReads::default(), Instant::now());
        assert!(is_new(&mut recent, "ada", "p1", now));
        assert!(!is_new(&mut recent, "ada", "p1", now + ONE_READ / 2));
        assert!(is_new(&mut recent, "ada", "p2", now));
        assert!(is_new(&mut recent, "bo", "p1", now));
        assert!(is_new(&mut recent, "ada", "p1", now + ONE_READ));
        assert!(!is_new(&mut recent, "ada", "p1", now + ONE_READ));
    }

    #[test]
    fn the_memory_of_reads_is_bounded() {
        let (mut recent, now) = (RecentReads::default(), Instant::now());
        for number in 0..2 * REMEMBERED_AT_MOST {
            assert!(is_new(&mut recent, "ada", &number.to_string(), now));
            assert!(recent.0.len() <= REMEMBERED_AT_MOST);
        }
    }
}
