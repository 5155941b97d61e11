use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

/// A client of a gateway, or of a worker's health and metrics.
#[derive(Clone)]
pub struct Api {
    base: String,
    metrics: String,
    http: reqwest::Client,
    token: Option<String>,
    further_headers: HeaderMap,
}

/// A response.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; null when it is not JSON.
    pub json: Value,
}

impl Api {
    /// A client of the service at `base`, which serves its metrics at `metrics`.
    pub fn new(base: String, metrics: String) -> Self {
        service::install_crypto();
        Self {
            base,
            metrics,
            http: reqwest::Client::new(),
            token: None,
            further_headers: HeaderMap::new(),
        }
    }

    /// The same client with a bearer token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client with a further header.
    pub fn with_header(&self, name: &'static str, value: &str) -> Self {
        let mut api = self.clone();
        api.further_headers.insert(name, value.parse().unwrap());
        api
    }

    /// Sends `message`.
    pub async fn send(&self, message: &Value) -> Answer {
        self.post("/api/staff-chat-integration/send", message).await
    }

    /// Sends a player's message.
    pub async fn send_as_player(&self, player: &str, content: &str) -> Answer {
        self.send(&json!({ "playerId": player, "senderType": "player", "content": content })).await
    }

    /// Sends a player's message; returns the status, or `None` without an answer.
    pub async fn try_send_as_player(&self, player: &str, content: &str) -> Option<u16> {
        let message = json!({ "playerId": player, "senderType": "player", "content": content });
        self.try_send(&message).await
    }

    /// Sends `message`; returns the status, or `None` without an answer.
    pub async fn try_send(&self, message: &Value) -> Option<u16> {
        let request = self.request(Method::POST, "/api/staff-chat-integration/send");
        Some(request.json(message).send().await.ok()?.status().as_u16())
    }

    /// Sends a staff message.
    pub async fn send_as_staff(&self, player: &str, content: &str) -> Answer {
        let message = json!({
            "playerId": player, "senderType": "staff", "senderId": "ada", "senderName": "Ada",
            "content": content
        });
        self.send(&message).await
    }

    /// Reads `player`'s conversation with the query string `query`.
    pub async fn conversation(&self, player: &str, query: &str) -> Answer {
        self.get(&format!("/api/unified-chat/conversations/{player}?{query}")).await
    }

    /// Reads the inbox with the query string `query`.
    pub async fn inbox(&self, query: &str) -> Answer {
        self.get(&format!("/api/unified-chat/conversations?{query}")).await
    }

    /// Requests a change of the status of `player`'s session.
    pub async fn change_status(&self, player: &str, status: &str) -> Answer {
        let path = format!("/api/unified-chat/conversations/{player}/status");
        self.post(&path, &json!({ "status": status })).await
    }

    /// Requests a signature with which the connection 1.2 may subscribe to `channel`.
    pub async fn subscribe(&self, channel: &str) -> Answer {
        let form = format!("socket_id=1.2&channel_name={channel}").into_bytes();
        self.post_raw("/api/pusher/auth", "application/x-www-form-urlencoded", form).await
    }

    /// Gets `path`.
    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    /// Gets `path`; returns the status, or `None` without an answer.
    pub async fn try_get(&self, path: &str) -> Option<u16> {
        Some(self.request(Method::GET, path).send().await.ok()?.status().as_u16())
    }

    /// The value of a metric, rounded down. `name` includes the labels.
    pub async fn metric(&self, name: &str) -> u64 {
        let text = self.metrics().await.unwrap().text().await.unwrap();
        let mut samples = text.lines().filter_map(|line| line.split_once(' '));
        let (_, value) = samples.find(|(sample, _)| *sample == name).unwrap();
        value.parse::<f64>().unwrap() as u64
    }

    /// The response of the metrics endpoint.
    pub async fn metrics(&self) -> reqwest::Result<reqwest::Response> {
        self.http.get(format!("{}/metrics", self.metrics)).send().await
    }

    /// Posts JSON to `path`.
    pub async fn post(&self, path: &str, json: &Value) -> Answer {
        answer(self.request(Method::POST, path).json(json)).await
    }

    /// Puts JSON to `path`.
    pub async fn put(&self, path: &str, json: &Value) -> Answer {
        answer(self.request(Method::PUT, path).json(json)).await
    }

    /// Posts `body` unchanged to `path`.
    pub async fn post_raw(&self, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
        let request = self.request(Method::POST, path);
        answer(request.header("content-type", content_type).body(body)).await
    }

    /// Puts `body` unchanged to `path`.
    pub async fn put_raw(&self, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
        let request = self.request(Method::PUT, path);
        answer(request.header("content-type", content_type).body(body)).await
    }

    /// The same; `None` without an answer.
    pub async fn try_put_raw(
        &self,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Option<Answer> {
        let request = self.request(Method::PUT, path);
        try_answer(request.header("content-type", content_type).body(body)).await.ok()
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = request.headers(self.further_headers.clone());
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

async fn answer(request: RequestBuilder) -> Answer {
    try_answer(request).await.expect("the service answers")
}

async fn try_answer(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await?;
    Ok(Answer { status, headers, json: serde_json::from_slice(&bytes).unwrap_or_default() })
}
