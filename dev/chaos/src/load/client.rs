use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::{StatusCode, header};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval, sleep},
};

use super::{Action, ClientRequest, Ledger, Load, Traffic};

/// How long a client waits for an answer before it takes it that there is none.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a connection may be idle before it is dropped, as load balancers have it.
const IDLE_LIMIT: Duration = Duration::from_secs(60);

/// Before a post is sent again that got no answer.
const PAUSE: Duration = Duration::from_millis(200);

/// One of a portal's front ends: makes an id for each post, and sends the post again under that id
/// until it is accepted.
pub(super) struct Client {
    pub(super) http: reqwest::Client,
    /// Those that are ready.
    pub(super) gateways: watch::Receiver<Vec<SocketAddr>>,
    pub(super) load: Load,
    pub(super) ledger: Arc<Ledger>,
    pub(super) random: fastrand::Rng,
    pub(super) traffic: watch::Receiver<Traffic>,
}

/// What came of one call.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// 202.
    Accepted,
    /// 503, with the time to wait.
    Refused(Duration),
    /// The connection broke or nothing came over it.
    None,
    /// No gateway could be connected to.
    Unreachable,
    /// Something that a well-formed post must not be answered with.
    Unexpected(String),
}

impl Client {
    /// An HTTP client for them all.
    pub(super) fn http() -> reqwest::Result<reqwest::Client> {
        reqwest::Client::builder()
            .timeout(PATIENCE)
            .pool_idle_timeout(IDLE_LIMIT)
            .tcp_nodelay(true)
            .no_proxy()
            .build()
    }

    /// Sends until the doors are shut, and then finishes what it has begun.
    pub(super) async fn run(mut self) {
        let mut pace = self.load.pause().map(interval);
        if let Some(pace) = &mut pace {
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        loop {
            let opened = self.traffic.wait_for(|traffic| *traffic != Traffic::Paused).await;
            match opened.map(|traffic| *traffic) {
                Ok(Traffic::On) => {}
                _ => return,
            }
            let request = self.compose();
            self.ledger.enter(&request);
            self.insist(&request).await;
            if let Some(pace) = &mut pace {
                pace.tick().await;
            }
        }
    }

    fn compose(&mut self) -> ClientRequest {
        let player = format!("player-{}", self.random.usize(0..self.load.players));
        let action = match self.random.u8(0..100) {
            0..62 => Action::PlayerWrites,
            62..94 => Action::StaffWrites,
            94..97 => Action::Take,
            _ => Action::Resolve,
        };
        ClientRequest::new(player, action)
    }

    async fn insist(&mut self, request: &ClientRequest) {
        loop {
            let began = Instant::now();
            let answer = self.call(request).await;
            self.ledger.note(request, &answer, began.elapsed());
            match answer {
                Answer::Accepted | Answer::Unexpected(_) => return,
                Answer::Refused(wait) => sleep(self.jittered(wait)).await,
                Answer::None | Answer::Unreachable => sleep(self.jittered(PAUSE)).await,
            }
        }
    }

    /// Calls one gateway, or another when that one does not take the connection, as a balancer
    /// does.
    async fn call(&mut self, request: &ClientRequest) -> Answer {
        let mut gateways = self.gateways.borrow().clone();
        self.random.shuffle(&mut gateways);
        for gateway in gateways {
            let url = format!("http://{gateway}{}", request.path());
            match self.http.post(url).json(&request.body()).send().await {
                Ok(answer) => return read(answer).await,
                Err(error) if error.is_connect() => {}
                Err(_) => return Answer::None,
            }
        }
        Answer::Unreachable
    }

    /// Between a half and the whole of it, so that those who were refused together do not come back
    /// together.
    fn jittered(&mut self, wait: Duration) -> Duration {
        wait.mul_f64(0.5 + self.random.f64() / 2.0)
    }
}

async fn read(answer: reqwest::Response) -> Answer {
    let status = answer.status();
    let retry_after = answer
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|seconds| seconds.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    let Ok(text) = answer.text().await else { return Answer::None };
    match (status, retry_after) {
        (StatusCode::ACCEPTED, _) => Answer::Accepted,
        (StatusCode::SERVICE_UNAVAILABLE, Some(wait)) => Answer::Refused(wait),
        _ => Answer::Unexpected(format!("{status}: {text}")),
    }
}
