//! A client of a gateway that uploads and downloads.

use std::net::SocketAddr;

use reqwest::{Response, header::HeaderMap};
use serde_json::{Value, json};
use test_support::{Answer, Api};
use uuid::Uuid;

/// A client with a token.
pub struct Client {
    /// For all other calls.
    pub api: Api,
    base: String,
    token: String,
    http: reqwest::Client,
}

/// What was downloaded.
pub struct Download {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Client {
    pub fn new(gateway: SocketAddr, token: &str) -> Self {
        let base = format!("http://{gateway}");
        let api = Api::new(base.clone(), base.clone()).with_token(token);
        // A redirect is an answer of its own.
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        Self { api, base, token: token.to_owned(), http: http.build().unwrap() }
    }

    /// The path of an attachment.
    pub fn path(player: &str, id: Uuid) -> String {
        format!("/api/unified-chat/conversations/{player}/attachments/{id}")
    }

    /// Uploads a file for `player`'s conversation.
    pub async fn upload(&self, player: &str, id: Uuid, name: &str, bytes: &[u8]) -> Answer {
        let url = format!("{}{}?name={name}", self.base, Self::path(player, id));
        let request = self.http.put(url).bearer_auth(&self.token).body(bytes.to_vec());
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        Answer { status, headers, json: serde_json::from_slice(&bytes).unwrap_or_default() }
    }

    /// Uploads a file that must be accepted; returns its id and its token.
    pub async fn uploaded(&self, player: &str, name: &str, bytes: &[u8]) -> (Uuid, String) {
        let id = Uuid::now_v7();
        let answer = self.upload(player, id, name, bytes).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        (id, answer.json["token"].as_str().unwrap().to_owned())
    }

    /// Sends a message of `player` with attachments and without text.
    pub async fn send(&self, player: &str, tokens: &[&str]) -> Answer {
        let message = json!({ "playerId": player, "senderType": "player", "attachments": tokens });
        self.api.send(&message).await
    }

    /// Requests the URLs of an attachment.
    pub async fn link(&self, player: &str, id: Uuid) -> Answer {
        self.api.get(&Self::path(player, id)).await
    }

    /// Downloads what the gateway serves at `url`, as a browser does: without a token.
    pub async fn download(&self, url: &str) -> Download {
        let response = self.http.get(format!("{}{url}", self.base)).send().await.unwrap();
        Self::downloaded(response).await
    }

    /// Downloads what another server has at `url`.
    pub async fn download_elsewhere(&self, url: &str) -> Download {
        Self::downloaded(self.http.get(url).send().await.unwrap()).await
    }

    async fn downloaded(response: Response) -> Download {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Download { status, headers, bytes: response.bytes().await.unwrap().to_vec() }
    }
}

impl Download {
    /// The value of a header; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

/// The text of a JSON string.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no string"))
}
