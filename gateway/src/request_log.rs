//! The log of requests (`REQUEST_LOG=on`).
//!
//! - [`Request`]: writes the line of a request.
//! - [`UserHasher`], [`UserHash`]: a user in the log, who is not named.
//! - [`UserHashCommand`]: prints the hash of a user, for operators.
//!
//! Source of the fields: <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>,
//! <https://opentelemetry.io/docs/specs/semconv/registry/attributes/user/>.

use std::{net::IpAddr, time::Instant};

use actix_web::http::{Method, StatusCode};
use clap::Args;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    auth::{Caller, Role},
    routes::paths,
};

/// What the key of the hashes is derived for.
const PURPOSE: &[u8] = b"urn:player-portal-chat:user-hash:1";

/// The bytes of a hash.
const HASH_BYTES: usize = 16;

/// The methods that the log names. Others are `_OTHER`, since a client can make them up.
const METHODS: [Method; 9] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::CONNECT,
    Method::OPTIONS,
    Method::TRACE,
    Method::PATCH,
];

/// A request in progress.
#[derive(Debug)]
pub struct Request {
    method: Method,
    client_address: IpAddr,
    began: Instant,
}

impl Request {
    /// A request that begins now.
    pub fn begin(method: &Method, client_address: IpAddr) -> Self {
        Self { method: method.clone(), client_address, began: Instant::now() }
    }

    /// Logs the request when its response begins, unless it is a probe that succeeds. `route` is the
    /// template of its route.
    pub fn end(self, route: Option<&'static str>, status: StatusCode, user: Option<UserHash>) {
        if status == StatusCode::OK && matches!(route, Some(paths::LIVE | paths::READY)) {
            return;
        }
        let method = METHODS.contains(&self.method).then_some(self.method.as_str());
        let method = method.unwrap_or("_OTHER");
        tracing::info!(
            target: "gateway::requests",
            {
                http.request.method = method,
                http.route = route,
                http.response.status_code = status.as_u16(),
                client.address = %self.client_address,
                user.hash = user.map(|user| user.0),
                http.server.request.duration = self.began.elapsed().as_secs_f64(),
            },
            "request"
        );
    }
}

/// A user in the log: it is the same in each line, and does not tell who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserHash(String);

/// Computes the hashes of users. Ids can be guessed, so that a hash without a key would name the user.
#[derive(Clone, Debug)]
pub struct UserHasher(hmac::Key);

impl UserHasher {
    /// Hashes with a key that is derived from `secret`, which all gateways have.
    pub fn new(secret: &SecretString) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        let derived = hmac::sign(&secret, PURPOSE);
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// The hash of `caller`; `None` without a token, since the gateway does not know who calls.
    pub fn hash(&self, caller: &Caller) -> Option<UserHash> {
        match caller {
            Caller::Trusted => None,
            Caller::Player { id, .. } => Some(self.hash_of(Role::Player, id.as_str())),
            Caller::Staff { id, .. } => Some(self.hash_of(Role::Staff, id.as_str())),
        }
    }

    fn hash_of(&self, role: Role, subject: &str) -> UserHash {
        let role = match role {
            Role::Player => "player",
            Role::Staff => "staff",
        };
        let tag = hmac::sign(&self.0, format!("{role}:{subject}").as_bytes());
        let hash = tag.as_ref().get(..HASH_BYTES).unwrap_or_default();
        UserHash(hex::encode(hash))
    }
}

/// Prints the `user.hash` of a player or a member of the staff in the log of requests.
#[derive(Args, Clone, Debug)]
pub struct UserHashCommand {
    /// The role of the user
    #[arg(long, value_enum)]
    role: Role,

    /// A player's id, or the portal's id for a member of the staff
    #[arg(long, value_name = "ID")]
    subject: String,

    /// The secret of the gateways' Pusher app, from which the key of the hashes is derived
    #[arg(long, env = "PUSHER_SECRET", value_name = "SECRET", hide_env_values = true)]
    pusher_secret: SecretString,
}

impl UserHashCommand {
    /// The hash.
    pub fn hash(&self) -> String {
        UserHasher::new(&self.pusher_secret).hash_of(self.role, &self.subject).0
    }
}
