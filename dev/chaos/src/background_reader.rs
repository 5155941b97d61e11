use std::{
    fmt,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure};
use tokio::{sync::oneshot, task::JoinHandle, time::sleep};

use crate::drill::Drill;

/// Time between two reads.
const READ_INTERVAL: Duration = Duration::from_millis(50);

/// Upper bound of the time of a read, the same as for a send.
const READ_LIMIT: Duration = Duration::from_secs(2);

/// After this time a read counts as failed.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// A client that reads conversations and the inbox during a fault, each time over a new connection.
#[derive(Debug)]
pub struct BackgroundReader {
    stop: oneshot::Sender<()>,
    task: JoinHandle<ReadStatistics>,
}

/// The answers to a [`BackgroundReader`].
#[derive(Clone, Debug, Default)]
pub struct ReadStatistics {
    reads: u64,
    /// The causes of the reads that were not answered with a page.
    failures: Vec<String>,
    slowest: Duration,
}

impl BackgroundReader {
    /// Reads from `gateways` in turn until [`Self::stop`].
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn start(gateways: &[SocketAddr]) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .pool_max_idle_per_host(0)
            .timeout(READ_TIMEOUT)
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
            let mut statistics = ReadStatistics::default();
            for url in urls.iter().cycle() {
                if stopped.try_recv() != Err(oneshot::error::TryRecvError::Empty) {
                    break;
                }
                statistics.read(&http, url).await;
                sleep(READ_INTERVAL).await;
            }
            statistics
        });
        Ok(Self { stop, task })
    }

    /// Stops reading, and returns the statistics.
    pub async fn stop(self) -> ReadStatistics {
        drop(self.stop);
        self.task.await.unwrap_or_else(|error| ReadStatistics {
            failures: vec![error.to_string()],
            ..ReadStatistics::default()
        })
    }
}

impl ReadStatistics {
    async fn read(&mut self, http: &reqwest::Client, url: &str) {
        let began = Instant::now();
        let answer = async { http.get(url).send().await?.error_for_status()?.bytes().await };
        if let Err(error) = answer.await {
            self.failures.push(error.to_string());
        }
        self.reads += 1;
        self.slowest = self.slowest.max(began.elapsed());
    }

    /// Checks that every read was answered with a page, and in time.
    ///
    /// # Errors
    /// When a read failed, or at full scale took longer than a send may.
    pub fn check(&self, drill: &mut Drill) -> anyhow::Result<()> {
        if let Some(first) = self.failures.first() {
            bail!("{} of {} reads failed, first: {first}", self.failures.len(), self.reads);
        }
        ensure!(self.reads > 0, "no read was answered");
        drill.ensure_in_time(self.slowest > READ_LIMIT, format!("a read took {:?}", self.slowest))
    }
}

impl fmt::Display for ReadStatistics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reads, slowest, .. } = self;
        write!(formatter, "{reads} reads by others, the slowest {} ms", slowest.as_millis())
    }
}
