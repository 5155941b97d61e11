//! Clients that behave as a portal's front ends do, and what they know of their posts.

mod balancer;
mod client;
mod ledger;
mod request;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{sync::watch, task::JoinSet, time::timeout};

use self::{
    balancer::Balancer,
    client::{Answer, Client},
};
pub use self::{
    ledger::{Entries, Entry, Ledger},
    request::{Action, ClientRequest},
};

/// How much is sent.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Clients that send at once.
    pub clients: u16,
    /// What all of them together send in a second; as much as they can when there is no number.
    pub per_second: Option<u16>,
    /// Players that they write as and to.
    pub players: usize,
}

impl Load {
    /// The time between two posts of one client.
    fn pause(&self) -> Option<Duration> {
        let per_second = self.per_second?;
        Some(Duration::from_secs(1) * u32::from(self.clients) / u32::from(per_second))
    }
}

/// Whether something new is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Traffic {
    On,
    /// Nothing for now.
    Paused,
    /// Nothing any more.
    Stopped,
}

/// Clients at work.
#[derive(Debug)]
pub struct LoadGenerator {
    ledger: Arc<Ledger>,
    traffic: watch::Sender<Traffic>,
    clients: JoinSet<()>,
}

impl LoadGenerator {
    /// Has clients send to `gateways`.
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub fn open(
        load: Load,
        gateways: &[SocketAddr],
        random: &mut fastrand::Rng,
    ) -> anyhow::Result<Self> {
        let traffic = watch::Sender::new(Traffic::On);
        let (ledger, http) = (Arc::<Ledger>::default(), Client::http()?);
        let ready = watch::Sender::new(gateways.to_vec());
        let mut clients = JoinSet::new();
        for _ in 0..load.clients {
            let client = Client {
                http: http.clone(),
                gateways: ready.subscribe(),
                load,
                ledger: Arc::clone(&ledger),
                random: random.fork(),
                traffic: traffic.subscribe(),
            };
            clients.spawn(client.run());
        }
        tokio::spawn(Balancer { http, gateways: gateways.to_vec(), ready }.run());
        Ok(Self { ledger, traffic, clients })
    }

    /// What the clients know.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Waits until the clients have got `count` more answers, whichever.
    pub async fn answered(&self, count: u64) {
        let mut answers = self.ledger.answers();
        let goal = *answers.borrow() + count;
        // The sender is part of the book, which is held here.
        answers.wait_for(|answers| *answers >= goal).await.ok();
    }

    /// Sends nothing new until [`Self::resume`].
    pub fn pause(&self) {
        self.traffic.send_replace(Traffic::Paused);
    }

    /// Sends again.
    pub fn resume(&self) {
        self.traffic.send_replace(Traffic::On);
    }

    /// Sends nothing new, and waits until everything sent was accepted.
    ///
    /// # Errors
    /// When that takes longer than `limit`.
    pub async fn close(&mut self, limit: Duration) -> anyhow::Result<()> {
        self.traffic.send_replace(Traffic::Stopped);
        let finished = async { while self.clients.join_next().await.is_some() {} };
        timeout(limit, finished).await.context("not everything that was sent was ever accepted")
    }
}
