use std::{
    fmt,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::ensure;
use tokio::{sync::oneshot, task::JoinHandle, time::sleep};

/// Time between two calls.
const PAUSE: Duration = Duration::from_millis(50);

/// The longest that a usual answer takes, as for a send.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// A client that reads conversations and the inbox, over a new connection each time, and notes what it
/// is answered.
#[derive(Debug)]
pub struct Bystander {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Seen>,
}

/// What a [`Bystander`] was answered.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    answers: u64,
    /// The answers that were not 200, as they are told.
    unusual: Vec<String>,
    slowest: Duration,
}

impl Bystander {
    /// Calls `gateways` in turn from now on.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn start(gateways: &[SocketAddr]) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .pool_max_idle_per_host(0)
            .timeout(ANSWER_LIMIT * 3)
            .build()?;
        let paths = ["", "/player-0", "?status=pending,active"];
        let urls: Vec<_> = gateways
            .iter()
            .flat_map(|gateway| {
                paths.map(|path| format!("http://{gateway}/api/unified-chat/conversations{path}"))
            })
            .collect();
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut seen = Seen::default();
            for url in urls.iter().cycle() {
                if stopped.try_recv() != Err(oneshot::error::TryRecvError::Empty) {
                    break;
                }
                seen.call(&http, url).await;
                sleep(PAUSE).await;
            }
            seen
        });
        Ok(Self { stop, task })
    }

    /// Ends it, and returns what it was answered.
    pub async fn stop(self) -> Seen {
        drop(self.stop);
        self.task
            .await
            .unwrap_or_else(|error| Seen { unusual: vec![error.to_string()], ..Seen::default() })
    }
}

impl Seen {
    async fn call(&mut self, http: &reqwest::Client, url: &str) {
        let began = Instant::now();
        let answer = async { http.get(url).send().await?.error_for_status()?.bytes().await };
        if let Err(error) = answer.await {
            self.unusual.push(error.to_string());
        }
        self.answers += 1;
        self.slowest = self.slowest.max(began.elapsed());
    }

    /// Makes sure that each answer was as usual.
    ///
    /// # Errors
    /// When one was not 200, or took longer than a send may.
    pub fn ensure_usual(&self) -> anyhow::Result<()> {
        if let Some(first) = self.unusual.first() {
            anyhow::bail!(
                "{} of {} reads failed, first: {first}",
                self.unusual.len(),
                self.answers
            );
        }
        ensure!(self.answers > 0, "no read was answered");
        ensure!(self.slowest <= ANSWER_LIMIT, "a read took {:?}", self.slowest);
        Ok(())
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answers, slowest, .. } = self;
        write!(formatter, "{answers} reads by others, the slowest {} ms", slowest.as_millis())
    }
}
