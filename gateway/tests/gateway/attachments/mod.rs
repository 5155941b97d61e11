//! Files: uploads, the messages that name them, and their delivery.

mod commands;
mod delivery;
mod fake_s3;
mod limits;
mod off;
mod outages;
mod s3;
mod sending;
mod uploads;

use std::{io::Cursor, path::PathBuf};

use bytes::Bytes;
use chat::PlayerId;
use gateway::attachments::PlayerKey;
use image::{ImageFormat, Rgb, RgbImage};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::{Answer, RunningService, System};
use uuid::Uuid;

use crate::tokens::{Issuer, player, staff};

const SECRET: &str = "--attachment-secret=another secret of more than thirty-two bytes";

/// What attachments need besides everything else.
const MEMORY: &str = "--memory-limit=2GiB";

/// Players may upload before they have a session.
const ANY: &str = "--attachments-for=any";

/// A gateway that requires tokens and keeps files in a directory.
struct Files {
    gateway: RunningService,
    directory: TempDir,
}

impl Files {
    /// Starts it with further settings.
    async fn start(system: &System, settings: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let gateway = Self::gateway(system, &directory, settings).await;
        Self { gateway, directory }
    }

    /// Another gateway with the same directory.
    async fn gateway(system: &System, directory: &TempDir, settings: &[&str]) -> RunningService {
        let store = format!("--attachment-store={}", directory.path().display());
        let has_secret = settings.iter().any(|setting| setting.starts_with("--attachment-secret="));
        let secret: &[&str] = if has_secret { &[] } else { &[SECRET] };
        system.guarded_gateway(&[&[&*store, MEMORY][..], secret, settings].concat()).await
    }

    fn bo(&self) -> Caller {
        Caller::new(&self.gateway, Some(&player("p1")))
    }

    fn ada(&self) -> Caller {
        Caller::new(&self.gateway, Some(&staff("ada")))
    }

    /// The folder of a file of `player`.
    fn folder(&self, player: &str, id: Uuid) -> PathBuf {
        self.directory.path().join(folder_of(player)).join(id.to_string())
    }
}

/// The name of a player's folder.
fn folder_of(player: &str) -> String {
    PlayerKey::new(&PlayerId::try_from(player.to_owned()).unwrap()).to_string()
}

/// A caller of a gateway.
#[derive(Clone)]
struct Caller {
    base: String,
    http: reqwest::Client,
    token: Option<String>,
}

/// A response with its bytes.
struct Delivered {
    status: u16,
    headers: reqwest::header::HeaderMap,
    bytes: Bytes,
}

impl Caller {
    fn new(gateway: &RunningService, claims: Option<&Value>) -> Self {
        service::install_crypto();
        let no_redirects = reqwest::redirect::Policy::none();
        Self {
            base: format!("http://{}", gateway.addr),
            http: reqwest::Client::builder().redirect(no_redirects).build().unwrap(),
            token: claims.map(|claims| Issuer::usual().token(claims)),
        }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Uploads `body` as the file `id` of `p1`.
    async fn upload(&self, id: Uuid, name: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.upload_of("p1", id, name, body).await
    }

    async fn upload_of(
        &self,
        player: &str,
        id: Uuid,
        name: &str,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let path = format!("{}?{}", path(player, id), named(name));
        answer(self.request(Method::PUT, &path).body(body)).await
    }

    /// Uploads a file of `p1`, and returns its token.
    async fn token(&self, name: &str, body: impl Into<reqwest::Body>) -> String {
        let uploaded = self.upload(Uuid::now_v7(), name, body).await;
        assert_eq!(uploaded.status, 201, "{uploaded:?}");
        uploaded.json["token"].as_str().unwrap().to_owned()
    }

    /// Sends a message of `p1` with `fields`.
    async fn send(&self, fields: Value) -> Answer {
        let mut message = json!({ "playerId": "p1", "senderType": "player" });
        message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        answer(self.request(Method::POST, "/api/staff-chat-integration/send").json(&message)).await
    }

    async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    /// Requests the file at `path` without a token.
    async fn file(&self, path: &str, headers: &[(&str, &str)]) -> Delivered {
        let anonymous = Self { token: None, ..self.clone() };
        let mut request = anonymous.request(Method::GET, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Delivered { status, headers, bytes: response.bytes().await.unwrap() }
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await.unwrap();
    Answer { status, headers, json: serde_json::from_slice(&bytes).unwrap_or_default() }
}

/// The path of a file.
fn path(player: &str, id: Uuid) -> String {
    format!("/api/unified-chat/conversations/{player}/attachments/{id}")
}

/// The query of an upload.
fn named(name: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("name", name).finish()
}

/// A picture of this size, whose pixels depend on `seed`.
fn picture(width: u32, height: u32, seed: u8) -> Vec<u8> {
    let pixel = |x: u32, y: u32| {
        let [red, green] = [x, y].map(|number| u8::try_from(number % 251).unwrap());
        Rgb([red ^ seed, green, seed])
    };
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_fn(width, height, pixel).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn assert_problem(answer: &Answer, status: u16, kind: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.json["type"], format!("urn:problem-type:player-portal-chat:{kind}"));
}
