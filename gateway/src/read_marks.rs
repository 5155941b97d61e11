//! Merges read marks: those of one reader in one conversation become one event.
//!
//! One task holds the waiting marks. It publishes a mark `READ_DELAY` after its first request, and
//! answers the clients of all its requests with the one confirm: a 202 means durable here too. A
//! gateway that is told to stop publishes the waiting marks at once; the drain waits for their
//! requests.

use std::{
    collections::{HashMap, VecDeque},
    future::pending,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use chat::{Mark, PlayerId, ReadMark, Reader, event::Event};
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    clock::Clock,
    group_commit::{EventPublisher, Unconfirmed},
    metrics::{Metrics, SendOutcome},
    read_mark_mode::ReadMarkMode,
};

/// The most requests that wait for a confirm, and therefore the most waiting marks. They are half of
/// the events that may wait for a publish, so that marks which become due together leave room for
/// messages.
const MAX_WAITING_REQUESTS: usize = 5_000;

/// A mark that names this many messages is published at once.
const MAX_MESSAGES: usize = 500;

/// When the merged mark was accepted.
type Answer = Result<DateTime<Utc>, Unconfirmed>;

/// The handle by which requests mark messages. Cheap to clone; the task ends when the last clone is
/// dropped.
#[derive(Clone, Debug)]
pub struct ReadMarks {
    requests: mpsc::UnboundedSender<Request>,
    /// One for each request that may wait.
    permits: Arc<Semaphore>,
    metrics: Metrics,
}

/// A reader of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    player_id: PlayerId,
    reader: Reader,
}

/// A client's request.
#[derive(Debug)]
struct Request {
    key: Key,
    mark: Mark,
    message_id: Uuid,
    client: Client,
}

/// A client that waits for its answer.
#[derive(Debug)]
struct Client {
    answer: oneshot::Sender<Answer>,
    permit: OwnedSemaphorePermit,
}

/// The merged requests of one reader in one conversation.
#[derive(Debug)]
struct Merged {
    mark: Mark,
    /// Each id once.
    message_ids: Vec<Uuid>,
    /// When the last of the requests was accepted.
    accepted_at: DateTime<Utc>,
    clients: Vec<Client>,
}

/// What the task needs.
#[derive(Debug)]
pub struct ReadMarkSettings {
    /// Whose marks are kept.
    pub mode: ReadMarkMode,
    /// Time for which the marks of one reader in one conversation are merged; 0 for none.
    pub delay: Duration,
    /// Publishes the marks.
    pub event_publisher: EventPublisher,
    /// The clock of accepted messages.
    pub clock: Arc<Clock>,
    /// Cancelled when the gateway is told to stop.
    pub shutdown: CancellationToken,
}

/// The task that publishes marks.
pub struct ReadMarkMerger {
    requests: mpsc::UnboundedReceiver<Request>,
    settings: ReadMarkSettings,
    waiting: HashMap<Key, Merged>,
    /// When each of the waiting marks is published, the earliest first.
    due: VecDeque<(Instant, Key)>,
    publishing: FuturesUnordered<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// Creates the handle and the task behind it.
pub fn read_marks(settings: ReadMarkSettings, metrics: Metrics) -> (ReadMarks, ReadMarkMerger) {
    let (sender, requests) = mpsc::unbounded_channel();
    let permits = Arc::new(Semaphore::new(MAX_WAITING_REQUESTS));
    let available = Arc::clone(&permits);
    metrics.waiting_read_marks.answer_by(move || {
        let waiting = MAX_WAITING_REQUESTS.saturating_sub(available.available_permits());
        waiting as f64
    });
    let merger = ReadMarkMerger {
        requests,
        settings,
        waiting: HashMap::new(),
        due: VecDeque::new(),
        publishing: FuturesUnordered::new(),
    };
    (ReadMarks { requests: sender, permits, metrics }, merger)
}

impl ReadMarks {
    /// Marks the message `message_id` of the conversation of `player_id` for `reader`. Resolves once
    /// the merged mark is on disk in both queues of the player's partition, to the time at which that
    /// mark was accepted.
    ///
    /// # Errors
    /// When too many requests wait, RabbitMQ rejected or returned the mark, did not confirm it in
    /// time, or is not connected.
    pub async fn mark(
        &self,
        player_id: PlayerId,
        reader: Reader,
        mark: Mark,
        message_id: Uuid,
    ) -> Result<DateTime<Utc>, Unconfirmed> {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            self.metrics.read_marks.of(SendOutcome::Refused).inc();
            return Err(Unconfirmed);
        };
        let (answer, answered) = oneshot::channel();
        let (key, client) = (Key { player_id, reader }, Client { answer, permit });
        let request = Request { key, mark, message_id, client };
        self.requests.send(request).map_err(|_| Unconfirmed)?;
        answered.await.unwrap_or(Err(Unconfirmed))
    }
}

impl ReadMarkMerger {
    /// Publishes until every [`ReadMarks`] is dropped.
    pub async fn run(mut self) {
        let shutdown = self.settings.shutdown.clone();
        loop {
            tokio::select! {
                request = self.requests.recv() => match request {
                    Some(request) => self.merge(request),
                    None => break,
                },
                () = due(self.due.front()) => self.publish_due(Instant::now()),
                () = shutdown.cancelled(), if !self.settings.delay.is_zero() => {
                    self.settings.delay = Duration::ZERO;
                    self.publish_all();
                }
                Some(()) = self.publishing.next() => {}
            }
        }
        self.publish_all();
        while self.publishing.next().await.is_some() {}
    }

    /// Adds a request to the waiting mark of its reader. A mark as unread replaces the waiting mark
    /// as read, whose effect it would undo, and is published at once.
    fn merge(&mut self, request: Request) {
        let Request { key, mark, message_id, client } = request;
        let accepted_at = self.settings.clock.next_timestamp();
        let mut merged = self.waiting.remove(&key).unwrap_or_else(|| Merged::new(accepted_at));
        if mark == Mark::Unread {
            (merged.mark, merged.message_ids) = (mark, Vec::new());
        }
        let is_first = merged.clients.is_empty();
        merged.accepted_at = accepted_at;
        merged.clients.push(client);
        if !merged.message_ids.contains(&message_id) {
            merged.message_ids.push(message_id);
        }
        let delay = self.settings.delay;
        let is_complete = mark == Mark::Unread || merged.message_ids.len() >= MAX_MESSAGES;
        if is_complete || delay.is_zero() {
            if !is_first {
                self.due.retain(|(_, waiting)| *waiting != key);
            }
            self.publish(key, merged);
        } else {
            if is_first {
                self.due.push_back((Instant::now() + delay, key.clone()));
            }
            self.waiting.insert(key, merged);
        }
    }

    fn publish_due(&mut self, now: Instant) {
        while let Some((_, key)) = self.due.pop_front_if(|(at, _)| *at <= now) {
            if let Some(merged) = self.waiting.remove(&key) {
                self.publish(key, merged);
            }
        }
    }

    fn publish_all(&mut self) {
        self.due.clear();
        for (key, merged) in std::mem::take(&mut self.waiting) {
            self.publish(key, merged);
        }
    }

    fn publish(&mut self, key: Key, merged: Merged) {
        let event_publisher = self.settings.event_publisher.clone();
        let staff_only = key.reader.is_staff() && self.settings.mode == ReadMarkMode::Staff;
        self.publishing.push(Box::pin(async move {
            let Merged { mark, message_ids, accepted_at, clients } = merged;
            let Key { player_id, reader } = key;
            let read_mark = ReadMark {
                player_id: player_id.clone(),
                reader,
                mark,
                message_ids,
                accepted_at,
                staff_only,
            };
            let published = match Event::ReadMark(read_mark).encode() {
                Ok(event) => {
                    let requests = u64::try_from(clients.len()).unwrap_or(u64::MAX);
                    event_publisher.publish_read_mark(&player_id, event, requests).await
                }
                Err(_) => Err(Unconfirmed),
            };
            for client in clients {
                client.answer(published.map(|()| accepted_at));
            }
        }));
    }
}

impl Merged {
    fn new(accepted_at: DateTime<Utc>) -> Self {
        Self { mark: Mark::Read, message_ids: Vec::new(), accepted_at, clients: Vec::new() }
    }
}

impl Client {
    fn answer(self, answer: Answer) {
        let Self { answer: sender, permit } = self;
        if sender.send(answer).is_err() {
            tracing::debug!("the client disconnected before its mark was confirmed");
        }
        drop(permit);
    }
}

/// Waits until the mark `next` is due; for ever without one.
async fn due(next: Option<&(Instant, Key)>) {
    match next {
        Some((at, _)) => sleep_until(*at).await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use prometheus_client::registry::Registry;

    use super::*;

    #[tokio::test]
    async fn requests_beyond_the_bound_are_refused_at_once_and_the_others_answered() {
        let (requests, mut received) = mpsc::unbounded_channel::<Request>();
        let permits = Arc::new(Semaphore::new(MAX_WAITING_REQUESTS));
        let metrics = Metrics::register(&mut Registry::default());
        let marks = ReadMarks { requests, permits, metrics: metrics.clone() };
        let player_id = PlayerId::try_from("p1".to_owned()).unwrap();
        let mark = || {
            let (player_id, message_id) = (player_id.clone(), Uuid::now_v7());
            Box::pin(marks.mark(player_id, Reader::Player, Mark::Read, message_id))
        };
        let mut waiting: Vec<_> = (0..MAX_WAITING_REQUESTS).map(|_| mark()).collect();
        for request in &mut waiting {
            assert_eq!(request.now_or_never(), None);
        }
        assert_eq!(mark().now_or_never(), Some(Err(Unconfirmed)));
        assert_eq!(metrics.read_marks.of(SendOutcome::Refused).get(), 1);

        let accepted_at = chat::now();
        received.recv().await.unwrap().client.answer(Ok(accepted_at));
        assert_eq!(waiting.remove(0).await, Ok(accepted_at));
        assert_eq!(mark().now_or_never(), None, "there is room again");
        drop(received);
        for request in waiting {
            assert_eq!(request.await, Err(Unconfirmed), "no client waits for ever");
        }
    }
}
