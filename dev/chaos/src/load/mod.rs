//! Clients that behave as the portals do, and the ledger of their requests.

mod balancer;
mod client;
mod ledger;
mod request;
mod uploader;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{sync::watch, task::JoinSet, time::timeout};

use self::{
    balancer::Balancer,
    client::{Answer, Client},
};
pub use self::{
    ledger::{Entries, Entry, LateAnswer, Ledger},
    request::{Action, ClientRequest},
    uploader::{SentAttachment, Told, Uploaders},
};

/// Upper bound of a wait for a condition.
pub const WAIT_LIMIT: Duration = Duration::from_secs(120);

/// The load on a system.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Clients that send at once.
    pub clients: u16,
    /// Requests a second of all clients together; without a number, each client sends as soon as
    /// its last request is accepted.
    pub per_second: Option<u16>,
    /// Players whose conversations the requests belong to.
    pub players: usize,
}

impl Load {
    /// The time between two requests of one client.
    fn interval(&self) -> Option<Duration> {
        let per_second = self.per_second?;
        Some(Duration::from_secs(1) * u32::from(self.clients) / u32::from(per_second))
    }
}

/// Whether clients send new requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Traffic {
    On,
    Paused,
    Stopped,
}

/// Clients that send requests.
#[derive(Debug)]
pub struct LoadGenerator {
    ledger: Arc<Ledger>,
    traffic: watch::Sender<Traffic>,
    clients: JoinSet<()>,
    /// From which further clients are made.
    client: Client,
}

impl LoadGenerator {
    /// Starts the clients of `load`.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn start(
        load: Load,
        gateways: &[SocketAddr],
        random: &mut fastrand::Rng,
    ) -> anyhow::Result<Self> {
        let traffic = watch::Sender::new(Traffic::On);
        let (ledger, http) = (Arc::<Ledger>::default(), Client::http()?);
        let ready = watch::Sender::new(gateways.to_vec());
        let mut clients = JoinSet::new();
        let client = Client {
            http: http.clone(),
            gateways: ready.subscribe(),
            load,
            ledger: Arc::clone(&ledger),
            random: random.fork(),
            traffic: traffic.subscribe(),
        };
        for _ in 0..load.clients {
            let random = random.fork();
            clients.spawn(Client { random, ..client.clone() }.run());
        }
        tokio::spawn(Balancer { http, gateways: gateways.to_vec(), ready }.run());
        Ok(Self { ledger, traffic, clients, client })
    }

    /// Sends each of `requests` until it is accepted, one after the other, as a further client.
    pub async fn send_all(&self, requests: &[ClientRequest], random: fastrand::Rng) {
        let mut client = Client { random, ..self.client.clone() };
        for request in requests {
            client.send_until_accepted(request).await;
        }
    }

    /// Starts further clients, which send messages with attachments to `gateways`.
    pub fn start_uploaders(
        &self,
        gateways: &[SocketAddr],
        random: &mut fastrand::Rng,
    ) -> Uploaders {
        Uploaders::start(&self.client, gateways, random)
    }

    /// The requests and answers of the clients.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Waits until the clients have received `count` more answers of any kind.
    pub async fn wait_for_answers(&self, count: u64) {
        let mut answers = self.ledger.answers();
        let goal = *answers.borrow() + count;
        // The sender lives as long as the ledger.
        answers.wait_for(|answers| *answers >= goal).await.ok();
    }

    /// Stops new requests until [`Self::resume`].
    pub fn pause(&self) {
        self.traffic.send_replace(Traffic::Paused);
    }

    /// Resumes new requests.
    pub fn resume(&self) {
        self.traffic.send_replace(Traffic::On);
    }

    /// Stops new requests, and waits until everything sent is accepted.
    ///
    /// # Errors
    /// When that takes longer than `limit`.
    pub async fn close(&mut self, limit: Duration) -> anyhow::Result<()> {
        self.traffic.send_replace(Traffic::Stopped);
        let finished = async { while self.clients.join_next().await.is_some() {} };
        timeout(limit, finished).await.context("not everything that was sent was accepted")
    }
}
