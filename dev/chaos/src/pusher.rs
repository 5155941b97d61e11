//! The control interface of local-pusher: injected faults, and the events that it accepted.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::Value;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

/// Time between two reads of the accepted events.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Upper bound of the events in one answer.
const PAGE: usize = 5_000;

/// The staff's channel.
pub const STAFF_CHANNEL: &str = "private-staff-portal";

/// A player's channel.
pub fn player_channel(player: &str) -> String {
    format!("private-player-{player}")
}

/// A local-pusher, and the events that it accepted.
#[derive(Debug)]
pub struct Pusher {
    http: reqwest::Client,
    control: String,
    broadcasts: Arc<Mutex<Broadcasts>>,
    _poller: AbortOnDropHandle<()>,
}

/// The events that local-pusher accepted.
#[derive(Clone, Debug, Default)]
pub struct Broadcasts {
    /// How often each message was broadcast on each channel.
    pub messages: HashMap<(Uuid, String), u64>,
    /// The newest state of each session that was broadcast on each channel.
    pub sessions: HashMap<(Uuid, String), SessionUpdate>,
    /// Events that are neither, and failed reads.
    pub corrupted: Vec<String>,
    last: u64,
}

/// The part of `session-updated` that the audit compares.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionUpdate {
    /// The version of the session; a higher one is newer.
    pub version: i64,
    /// `pending`, `active` or `resolved`.
    pub status: String,
    /// When the session was resolved.
    pub resolved_at: Option<chrono::DateTime<chrono::Utc>>,
    /// The member of the staff who has the session; players never learn it.
    pub assignee_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    last_events: Vec<Event>,
    next: u64,
    forgotten: u64,
}

#[derive(Deserialize)]
struct Event {
    channel: String,
    name: String,
    data: String,
}

impl Pusher {
    /// Polls the accepted events of the local-pusher at `address`.
    pub fn new(address: SocketAddr, http: reqwest::Client) -> Self {
        let control = format!("http://{address}/control");
        let broadcasts = Arc::<Mutex<Broadcasts>>::default();
        let poller = Poller { http: http.clone(), control: control.clone() };
        let task = tokio::spawn(poller.run(Arc::clone(&broadcasts)));
        Self { http, control, broadcasts, _poller: AbortOnDropHandle::new(task) }
    }

    /// Injects `fault`, the body of local-pusher's `PUT /control/fault`, into every call.
    ///
    /// # Errors
    /// When local-pusher rejects it or does not answer.
    pub async fn fail(&self, fault: &Value) -> anyhow::Result<()> {
        let order = self.http.put(format!("{}/fault", self.control)).json(fault);
        order.send().await?.error_for_status().context("local-pusher rejects the fault")?;
        Ok(())
    }

    /// Ends the fault.
    ///
    /// # Errors
    /// When local-pusher does not answer.
    pub async fn behave(&self) -> anyhow::Result<()> {
        let order = self.http.delete(format!("{}/fault", self.control));
        order.send().await?.error_for_status()?;
        Ok(())
    }

    /// The events accepted so far.
    pub fn broadcasts(&self) -> MutexGuard<'_, Broadcasts> {
        lock(&self.broadcasts)
    }
}

struct Poller {
    http: reqwest::Client,
    control: String,
}

impl Poller {
    async fn run(self, broadcasts: Arc<Mutex<Broadcasts>>) {
        loop {
            match self.poll(&broadcasts).await {
                // More may be waiting.
                Ok(events) if events == PAGE => continue,
                Ok(_) => {}
                Err(error) => lock(&broadcasts).corrupted.push(format!("{error:#}")),
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    async fn poll(&self, broadcasts: &Mutex<Broadcasts>) -> anyhow::Result<usize> {
        let after = lock(broadcasts).last;
        let url = format!("{}/accepted?events=true&after={after}&limit={PAGE}", self.control);
        let answer = self.http.get(url).send().await?.error_for_status()?;
        let page: Page = answer.json().await?;
        ensure!(page.forgotten == 0, "local-pusher forgot {} events", page.forgotten);
        let mut broadcasts = lock(broadcasts);
        broadcasts.last = page.next;
        let count = page.last_events.len();
        page.last_events.into_iter().for_each(|event| broadcasts.add(event));
        Ok(count)
    }
}

impl Broadcasts {
    fn add(&mut self, event: Event) {
        let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
        let id = |name: &str| data.get(name)?.as_str()?.parse::<Uuid>().ok();
        // The broadcaster retracts a message whose id belongs to another message.
        if event.name == "message-rejected" {
            return;
        }
        if let Some(message) = id("messageId") {
            *self.messages.entry((message, event.channel)).or_default() += 1;
            return;
        }
        let update = serde_json::from_value::<SessionUpdate>(data.clone()).ok();
        let (Some(session), Some(update)) = (id("id"), update) else {
            self.corrupted.push(format!("{} on {}: {}", event.name, event.channel, event.data));
            return;
        };
        let newest =
            self.sessions.entry((session, event.channel)).or_insert_with(|| update.clone());
        if newest.version < update.version {
            *newest = update;
        }
    }
}

fn lock(broadcasts: &Mutex<Broadcasts>) -> MutexGuard<'_, Broadcasts> {
    broadcasts.lock().unwrap_or_else(PoisonError::into_inner)
}
