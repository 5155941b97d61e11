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

/// Upper bound of the wait for an answer. Far above the limit of an answer in time, so that a slow
/// answer on a busy machine counts as late and not as missing.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection may be idle before the client closes it, as load balancers do.
const IDLE_LIMIT: Duration = Duration::from_secs(60);

/// Time before a request without an answer is sent again.
const RETRY_DELAY: Duration = Duration::from_millis(200);

/// Desks that claim sessions.
const DESKS: u8 = 8;

/// A client of the gateways: creates an id for each request, and sends the request again under that
/// id until it is accepted.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) http: reqwest::Client,
    /// The gateways that are ready.
    pub(super) gateways: watch::Receiver<Vec<SocketAddr>>,
    pub(super) load: Load,
    pub(super) ledger: Arc<Ledger>,
    pub(super) random: fastrand::Rng,
    pub(super) traffic: watch::Receiver<Traffic>,
}

/// The result of a call.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// 202.
    Accepted,
    /// 503 with its `Retry-After`.
    Refused(Duration),
    /// 400 to a claim or a release of a session that was resolved meanwhile.
    TooLate,
    /// The connection broke, or the call timed out.
    None,
    /// No gateway accepted a connection.
    Unreachable,
    /// An answer that a valid request must not get.
    Unexpected(String),
}

impl Answer {
    /// What the client received.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "202",
            Self::Refused(_) => "503",
            Self::TooLate => "400",
            Self::None => "no answer",
            Self::Unreachable => "no connection",
            Self::Unexpected(_) => "another answer",
        }
    }
}

impl Client {
    /// The HTTP client that all clients share.
    pub(super) fn http() -> reqwest::Result<reqwest::Client> {
        reqwest::Client::builder()
            .timeout(ANSWER_TIMEOUT)
            .pool_idle_timeout(IDLE_LIMIT)
            .tcp_nodelay(true)
            .no_proxy()
            .build()
    }

    /// Sends requests until the load generator stops; the last one is sent until it is accepted.
    pub(super) async fn run(mut self) {
        let mut pace = self.load.interval().map(interval);
        if let Some(pace) = &mut pace {
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        loop {
            let resumed = self.traffic.wait_for(|traffic| *traffic != Traffic::Paused).await;
            match resumed.map(|traffic| *traffic) {
                Ok(Traffic::On) => {}
                _ => return,
            }
            let request = self.compose();
            self.send_until_accepted(&request).await;
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
            94..96 => Action::Take,
            96 => Action::Claim(self.random.u8(..DESKS)),
            97 => Action::Release,
            _ => Action::Resolve,
        };
        ClientRequest::new(player, action)
    }

    /// Sends `request` until it is accepted.
    pub(super) async fn send_until_accepted(&mut self, request: &ClientRequest) {
        self.ledger.record_request(request);
        loop {
            let began = Instant::now();
            let answer = self.call(request).await;
            self.ledger.record_answer(request, &answer, began.elapsed());
            match answer {
                Answer::Accepted | Answer::TooLate | Answer::Unexpected(_) => return,
                Answer::Refused(wait) => sleep(self.jittered(wait)).await,
                Answer::None | Answer::Unreachable => sleep(self.jittered(RETRY_DELAY)).await,
            }
        }
    }

    /// Calls a gateway, or another when that one accepts no connection, as a load balancer does.
    async fn call(&mut self, request: &ClientRequest) -> Answer {
        let mut gateways = self.gateways.borrow().clone();
        self.random.shuffle(&mut gateways);
        for gateway in gateways {
            let url = format!("http://{gateway}{}", request.path());
            match self.http.post(url).json(&request.body()).send().await {
                Ok(answer) => return read(answer, request.action).await,
                Err(error) if error.is_connect() => {}
                Err(_) => return Answer::None,
            }
        }
        Answer::Unreachable
    }

    /// Between half of `wait` and all of it, so that clients that were refused together retry at
    /// different times.
    fn jittered(&mut self, wait: Duration) -> Duration {
        wait.mul_f64(0.5 + self.random.f64() / 2.0)
    }
}

/// Reads an answer.
pub(super) async fn read(answer: reqwest::Response, action: Action) -> Answer {
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
        (StatusCode::BAD_REQUEST, _) if action.is_assignment() => Answer::TooLate,
        _ => Answer::Unexpected(format!("{status}: {text}")),
    }
}
