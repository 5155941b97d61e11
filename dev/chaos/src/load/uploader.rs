use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use uuid::Uuid;

use super::{
    Action, Answer, ClientRequest, WAIT_LIMIT,
    client::{Client, read},
};

/// Time between two uploads of one client, and before a refused one is sent again.
const PAUSE: Duration = Duration::from_millis(200);

/// The number of clients that upload.
const UPLOADERS: usize = 4;

/// Clients that upload files, and send each with a message.
#[derive(Debug)]
pub struct Uploaders {
    record: Arc<Record>,
    stop: watch::Sender<bool>,
    clients: JoinSet<()>,
}

/// An attachment of a message that was accepted.
#[derive(Clone, Debug)]
pub struct SentAttachment {
    /// The player of its conversation.
    pub player: String,
    /// Its id.
    pub id: Uuid,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a client was just told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Its file is stored.
    Stored,
    /// Its message is accepted.
    Sent,
}

/// What the clients were told.
#[derive(Debug)]
struct Record {
    sent: Mutex<Vec<SentAttachment>>,
    /// Uploads that were refused with 503.
    refused: watch::Sender<u64>,
    /// Uploads that were answered in another way, at most the first.
    unexpected: Mutex<Option<String>>,
    last: watch::Sender<Option<(Told, SocketAddr)>>,
}

impl Uploaders {
    /// Starts clients that upload to `gateways`.
    pub(super) fn start(
        client: &Client,
        gateways: &[SocketAddr],
        random: &mut fastrand::Rng,
    ) -> Self {
        let record = Arc::new(Record {
            sent: Mutex::default(),
            refused: watch::Sender::default(),
            unexpected: Mutex::default(),
            last: watch::Sender::default(),
        });
        let stop = watch::Sender::new(false);
        let mut clients = JoinSet::new();
        for _ in 0..UPLOADERS {
            let uploader = Uploader {
                client: client.clone(),
                gateways: gateways.to_vec(),
                random: random.fork(),
                record: Arc::clone(&record),
            };
            clients.spawn(uploader.run(stop.subscribe()));
        }
        Self { record, stop, clients }
    }

    /// Waits until a client is told `told`, and returns the gateway that told it.
    ///
    /// # Errors
    /// When none is within two minutes.
    pub async fn next(&self, told: Told) -> anyhow::Result<SocketAddr> {
        let mut last = self.record.last.subscribe();
        last.mark_unchanged();
        let gateway = async {
            loop {
                last.changed().await?;
                match *last.borrow_and_update() {
                    Some((this, gateway)) if this == told => return Ok(gateway),
                    _ => {}
                }
            }
        };
        let told = timeout(WAIT_LIMIT, gateway).await;
        told.context("no client has uploaded within two minutes")?
    }

    /// Waits until `count` further uploads are refused with 503.
    ///
    /// # Errors
    /// When they are not within two minutes.
    pub async fn wait_for_refusals(&self, count: u64) -> anyhow::Result<()> {
        let mut refused = self.record.refused.subscribe();
        let goal = *refused.borrow() + count;
        let reached = timeout(WAIT_LIMIT, refused.wait_for(|refused| *refused >= goal)).await;
        reached.context("no upload was refused within two minutes")??;
        Ok(())
    }

    /// Uploads that were refused with 503.
    pub fn refused(&self) -> u64 {
        *self.record.refused.borrow()
    }

    /// The first answer that a valid upload must not get.
    pub fn unexpected(&self) -> Option<String> {
        lock(&self.record.unexpected).clone()
    }

    /// Lets each client finish its last message, and returns all attachments of accepted messages.
    pub async fn finish(mut self) -> Vec<SentAttachment> {
        self.stop.send_replace(true);
        while self.clients.join_next().await.is_some() {}
        std::mem::take(&mut *lock(&self.record.sent))
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Uploader {
    client: Client,
    gateways: Vec<SocketAddr>,
    random: fastrand::Rng,
    record: Arc<Record>,
}

impl Uploader {
    async fn run(mut self, stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let player = format!("player-{}", self.random.usize(0..self.client.load.players));
            let request = ClientRequest::new(player.clone(), Action::PlayerWrites);
            // A text, which is stored as it is.
            let line = format!("{}\n", request.id);
            let bytes = line.repeat(self.random.usize(1..4_000)).into_bytes();
            let attachment = SentAttachment { player, id: Uuid::now_v7(), bytes };
            let Some(token) = self.upload(&attachment).await else { return };
            self.send(&request, &token).await;
            lock(&self.record.sent).push(attachment);
            sleep(PAUSE).await;
        }
    }

    /// Uploads the file until it is stored; `None` after an answer that a valid upload must not get.
    async fn upload(&mut self, attachment: &SentAttachment) -> Option<String> {
        let SentAttachment { player, id, bytes } = attachment;
        let path =
            format!("/api/unified-chat/conversations/{player}/attachments/{id}?name=log.txt");
        loop {
            let gateway = *self.random.choice(&self.gateways)?;
            let url = format!("http://{gateway}{path}");
            let call = self.client.http.put(url).body(bytes.clone()).send();
            // A gateway that is killed answers nothing.
            if let Ok(answer) = call.await {
                let status = answer.status();
                let text = answer.text().await.unwrap_or_default();
                match status {
                    StatusCode::CREATED | StatusCode::OK => {
                        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
                        if let Some(token) = answer.get("token").and_then(Value::as_str) {
                            self.tell(Told::Stored, gateway);
                            return Some(token.to_owned());
                        }
                    }
                    StatusCode::SERVICE_UNAVAILABLE => {
                        self.record.refused.send_modify(|refused| *refused += 1);
                    }
                    _ => {
                        let answer = format!("an upload was answered with {status}: {text}");
                        lock(&self.record.unexpected).get_or_insert(answer);
                        return None;
                    }
                }
            }
            sleep(PAUSE).await;
        }
    }

    /// Sends the message with its file until it is accepted.
    async fn send(&mut self, request: &ClientRequest, token: &str) {
        let mut body = request.body();
        if let Some(message) = body.as_object_mut() {
            message.insert("attachments".to_owned(), json!([token]));
        }
        self.client.ledger.record_request(request);
        loop {
            let Some(gateway) = self.random.choice(&self.gateways).copied() else { return };
            let url = format!("http://{gateway}{}", request.path());
            let began = Instant::now();
            let answer = match self.client.http.post(url).json(&body).send().await {
                Ok(answer) => read(answer, request.action).await,
                Err(error) if error.is_connect() => Answer::Unreachable,
                Err(_) => Answer::None,
            };
            self.client.ledger.record_answer(request, &answer, began.elapsed());
            if matches!(answer, Answer::Accepted | Answer::Unexpected(_)) {
                self.tell(Told::Sent, gateway);
                return;
            }
            sleep(PAUSE).await;
        }
    }

    fn tell(&self, told: Told, gateway: SocketAddr) {
        self.record.last.send_replace(Some((told, gateway)));
    }
}
