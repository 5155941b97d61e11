use std::collections::HashSet;

use serde_json::json;
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
        let (gateways, to) = watch::channel(gateways);
        let (accepting, accepted) = watch::channel(0);
        let task = tokio::spawn(send(player.to_owned(), to, accepting));
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

    /// Stops sending; returns the ids of all accepted messages.
    pub async fn stop(self) -> Vec<String> {
        drop(self.gateways);
        self.task.await.unwrap()
    }
}

async fn send(
    player: String,
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
        let message =
            json!({ "messageId": id, "playerId": player, "senderType": "player", "content": id });
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

/// Waits until `count` messages are persisted; returns their ids.
pub async fn persisted(database: &Database, count: usize) -> HashSet<String> {
    eventually("all messages are persisted", async || {
        let ids = database.texts("SELECT id::text AS text FROM chat_messages").await;
        (ids.len() >= count).then(|| ids.into_iter().collect())
    })
    .await
}
