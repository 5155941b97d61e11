//! The drill's side of local-pusher: how it is told to fail, and what it was told to push.

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

/// Time between two looks at what was accepted.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Events in one answer.
const PAGE: usize = 5_000;

/// The channel that the staff listen to.
pub const STAFF_CHANNEL: &str = "private-staff-portal";

/// The channel that a player listens to.
pub fn player_channel(player: &str) -> String {
    format!("private-player-{player}")
}

/// A local-pusher and all that it accepted.
#[derive(Debug)]
pub struct Pusher {
    http: reqwest::Client,
    control: String,
    heard: Arc<Mutex<Heard>>,
    _listener: AbortOnDropHandle<()>,
}

/// What the portals were told, by channel.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// How often each message was broadcast on each channel.
    pub messages: HashMap<(Uuid, String), u64>,
    /// The newest state of each session that was broadcast on each channel.
    pub sessions: HashMap<(Uuid, String), SessionNews>,
    /// Events that are neither.
    pub corrupted: Vec<String>,
    last: u64,
}

/// A session's state, as far as clients are told when it changes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionNews {
    /// The higher, the newer.
    pub version: i64,
    /// `pending`, `active` or `resolved`.
    pub status: String,
    /// When it was resolved.
    pub resolved_at: Option<chrono::DateTime<chrono::Utc>>,
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
    /// Listens to the local-pusher at `address` from now on.
    pub fn follow(address: SocketAddr, http: reqwest::Client) -> Self {
        let control = format!("http://{address}/control");
        let heard = Arc::<Mutex<Heard>>::default();
        let listener = Listener { http: http.clone(), control: control.clone() };
        let task = tokio::spawn(listener.listen(Arc::clone(&heard)));
        Self { http, control, heard, _listener: AbortOnDropHandle::new(task) }
    }

    /// Has every call fail as `fault` says, in the words of local-pusher's `PUT /control/fault`.
    ///
    /// # Errors
    /// When local-pusher does not know it or does not answer.
    pub async fn fail(&self, fault: &Value) -> anyhow::Result<()> {
        let order = self.http.put(format!("{}/fault", self.control)).json(fault);
        order.send().await?.error_for_status().context("local-pusher does not take the fault")?;
        Ok(())
    }

    /// Has calls succeed again.
    ///
    /// # Errors
    /// When local-pusher does not answer.
    pub async fn behave(&self) -> anyhow::Result<()> {
        let order = self.http.delete(format!("{}/fault", self.control));
        order.send().await?.error_for_status()?;
        Ok(())
    }

    /// What the portals were told so far.
    pub fn heard(&self) -> MutexGuard<'_, Heard> {
        lock(&self.heard)
    }
}

struct Listener {
    http: reqwest::Client,
    control: String,
}

impl Listener {
    async fn listen(self, heard: Arc<Mutex<Heard>>) {
        loop {
            match self.look(&heard).await {
                // There may be more already.
                Ok(events) if events == PAGE => continue,
                Ok(_) => {}
                Err(error) => lock(&heard).corrupted.push(format!("{error:#}")),
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    async fn look(&self, heard: &Mutex<Heard>) -> anyhow::Result<usize> {
        let after = lock(heard).last;
        let url = format!("{}/accepted?events=true&after={after}&limit={PAGE}", self.control);
        let answer = self.http.get(url).send().await?.error_for_status()?;
        let page: Page = answer.json().await?;
        ensure!(page.forgotten == 0, "local-pusher forgot {} events", page.forgotten);
        let mut heard = lock(heard);
        heard.last = page.next;
        let count = page.last_events.len();
        page.last_events.into_iter().for_each(|event| heard.take(event));
        Ok(count)
    }
}

impl Heard {
    fn take(&mut self, event: Event) {
        let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
        let id = |name: &str| data.get(name)?.as_str()?.parse::<Uuid>().ok();
        // It takes back a message that another one's id was used for.
        if event.name == "message-rejected" {
            return;
        }
        if let Some(message) = id("messageId") {
            *self.messages.entry((message, event.channel)).or_default() += 1;
            return;
        }
        let news = serde_json::from_value::<SessionNews>(data.clone()).ok();
        let (Some(session), Some(news)) = (id("id"), news) else {
            self.corrupted.push(format!("{} on {}: {}", event.name, event.channel, event.data));
            return;
        };
        let newest = self.sessions.entry((session, event.channel)).or_insert_with(|| news.clone());
        if newest.version < news.version {
            *newest = news;
        }
    }
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}
