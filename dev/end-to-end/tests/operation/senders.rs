use std::collections::HashSet;

use serde_json::{Value, json};
use test_support::{Api, Database, eventually};
use tokio::{sync::watch, task::JoinHandle};
use uuid::Uuid;

/// A player who sends one message after the other. A message that is not accepted is sent again
/// with the same id to the next gateway.
pub struct Sender {
    gateways: watch::Sender<Vec<Api>>,
    accepted: watch::Receiver<usize>,
    task: JoinHandle<Vec<String>>,
}

impl Sender {
    /// Starts to send as `player` to `gateways` in turn.
    pub fn start(player: &str, gateways: Vec<Api>) -> Self {
        Self::start_to_send(player, gateways, false)
    }

    /// The same; each message has a file, which another gateway than that of the message stores.
    pub fn start_with_files(player: &str, gateways: Vec<Api>) -> Self {
        Self::start_to_send(player, gateways, true)
    }

    fn start_to_send(player: &str, gateways: Vec<Api>, with_files: bool) -> Self {
        let (gateways, to) = watch::channel(gateways);
        let (accepting, accepted) = watch::channel(0);
        let task = tokio::spawn(send(player.to_owned(), with_files, to, accepting));
        Self { gateways, accepted, task }
    }

    /// Sends to these gateways from the next message on.
    pub fn send_to(&self, gateways: Vec<Api>) {
        self.gateways.send_replace(gateways);
    }

    /// Waits until 20 more messages are accepted.
    pub async fn wait_for_progress(&mut self) {
        let goal = *self.accepted.borrow() + 20;
        self.accepted.wait_for(|accepted| *accepted >= goal).await.unwrap();
    }

    /// The number of accepted messages.
    pub fn accepted(&self) -> usize {
        *self.accepted.borrow()
    }

    /// Stops sending; returns the ids of all accepted messages.
    pub async fn stop(self) -> Vec<String> {
        drop(self.gateways);
        self.task.await.unwrap()
    }
}

async fn send(
    player: String,
    with_files: bool,
    gateways: watch::Receiver<Vec<Api>>,
    accepted: watch::Sender<usize>,
) -> Vec<String> {
    let mut ids = Vec::new();
    let mut turns = (0..).map(|turn| {
        let gateways = gateways.borrow();
        gateways[turn % gateways.len()].clone()
    });
    while gateways.has_changed().is_ok() {
        let id = Uuid::now_v7().to_string();
        let mut message =
            json!({ "messageId": id, "playerId": player, "senderType": "player", "content": id });
        if with_files {
            message["attachments"] = json!([upload(&player, &mut turns).await]);
        }
        for gateway in &mut turns {
            match gateway.try_send(&message).await {
                Some(202) => break,
                Some(503) | None => {}
                Some(status) => panic!("a send was answered with {status}"),
            }
        }
        ids.push(id);
        accepted.send_replace(ids.len());
    }
    ids
}

/// Uploads a file of `player` to the first of `gateways` that accepts it; returns its token.
pub async fn upload(player: &str, gateways: &mut impl Iterator<Item = Api>) -> Value {
    let id = Uuid::now_v7();
    let path = format!("/api/unified-chat/conversations/{player}/attachments/{id}?name=log.txt");
    for gateway in gateways {
        match gateway.try_put_raw(&path, "text/plain", b"hello".into()).await {
            Some(answer) if answer.status == 201 => return answer.json["token"].clone(),
            Some(answer) if answer.status != 503 => {
                panic!("an upload was answered with {answer:?}")
            }
            Some(_) | None => {}
        }
    }
    panic!("no gateway accepted an upload");
}

/// Waits until `count` messages are persisted; returns their ids.
pub async fn persisted(database: &Database, count: usize) -> HashSet<String> {
    eventually("all messages are persisted", async || {
        let ids = database.texts("SELECT id::text AS text FROM chat_messages").await;
        (ids.len() >= count).then(|| ids.into_iter().collect())
    })
    .await
}
