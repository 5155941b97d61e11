//! The audit of reads: which member of the staff reads which conversation. The persister stores it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use chat::{ConversationRead, PlayerId, SenderId, event::Event};
use uuid::Uuid;

use crate::{auth::Caller, clock::Clock, group_commit::EventPublisher};

/// Further reads of one conversation by one reader within this time are one read.
const ONE_READ: Duration = Duration::from_secs(60);

/// The most reads that are remembered. With more within a minute, some are recorded twice.
const MAX_REMEMBERED: usize = 10_000;

/// Records reads, if enabled.
pub struct ReadAudit {
    recent: Option<Mutex<RecentReads>>,
    event_publisher: EventPublisher,
    clock: Arc<Clock>,
}

impl ReadAudit {
    /// Records reads if `enabled`, through `event_publisher` and with timestamps of `clock`.
    pub fn new(enabled: bool, event_publisher: EventPublisher, clock: Arc<Clock>) -> Self {
        Self { recent: enabled.then(Mutex::default), event_publisher, clock }
    }

    /// Records that `caller` has read the conversation of `player`, if it is staff with an id. It
    /// does not wait: a read that is not accepted is counted and logged.
    pub fn record(&self, caller: &Caller, player: &PlayerId) {
        let (Some(recent), Caller::Staff { id, name, .. }) = (&self.recent, caller) else {
            return;
        };
        // The reads are valid after a panic.
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
                tracing::debug!(exception.message = %cause, "a read of a conversation was not recorded");
            }
        });
    }
}

/// The reads within the last [`ONE_READ`], or the latest of them.
#[derive(Debug, Default)]
struct RecentReads(HashMap<(SenderId, PlayerId), Instant>);

impl RecentReads {
    /// Whether a read at `now` is a new one, which is then remembered.
    fn is_new(&mut self, reader: &SenderId, player: &PlayerId, now: Instant) -> bool {
        let is_recent = |at: &Instant| now.saturating_duration_since(*at) < ONE_READ;
        let key = (reader.clone(), player.clone());
        if self.0.get(&key).is_some_and(is_recent) {
            return false;
        }
        if self.0.len() >= MAX_REMEMBERED {
            self.0.retain(|_, at| is_recent(at));
        }
        if self.0.len() >= MAX_REMEMBERED {
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
    fn reads_are_recorded_once_a_minute_for_each_reader_and_conversation() {
        let (mut recent, now) = (RecentReads::default(), Instant::now());
        assert!(is_new(&mut recent, "ada", "p1", now));
        assert!(!is_new(&mut recent, "ada", "p1", now + ONE_READ / 2));
        assert!(is_new(&mut recent, "ada", "p2", now));
        assert!(is_new(&mut recent, "bo", "p1", now));
        assert!(is_new(&mut recent, "ada", "p1", now + ONE_READ));
        assert!(!is_new(&mut recent, "ada", "p1", now + ONE_READ));
    }

    #[test]
    fn number_of_remembered_reads_is_bounded() {
        let (mut recent, now) = (RecentReads::default(), Instant::now());
        for number in 0..2 * MAX_REMEMBERED {
            assert!(is_new(&mut recent, "ada", &number.to_string(), now));
            assert!(recent.0.len() <= MAX_REMEMBERED);
        }
    }
}
