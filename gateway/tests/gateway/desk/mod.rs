//! The desk that a team of staff shares.

mod canned;
mod changes;
mod inbox;
mod input;
mod off;
mod privacy;
mod reads;
mod teams;

use broker::ConsumerKind;
use chat::event::Event;
use reqwest::Method;
use serde_json::{Value, json};
use test_support::{Answer, RunningService, System};

use crate::tokens::{Issuer, player, staff, with_claim};

const ON: &str = "--team-desk=on";
const TEAMS: &str = "--staff-teams=payments,appeals";

/// A gateway with a desk, which requires tokens.
async fn desk(system: &System, settings: &[&str]) -> RunningService {
    system.guarded_gateway(&[&[ON, TEAMS], settings].concat()).await
}

/// A caller of a gateway.
#[derive(Clone)]
struct Caller {
    base: String,
    http: reqwest::Client,
    token: Option<String>,
}

impl Caller {
    fn new(gateway: &RunningService, claims: Option<&Value>) -> Self {
        service::install_crypto();
        Self {
            base: format!("http://{}", gateway.addr),
            http: reqwest::Client::new(),
            token: claims.map(|claims| Issuer::usual().token(claims)),
        }
    }

    async fn call_with(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let json = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default();
        Answer { status, headers, json }
    }

    async fn get(&self, path: &str) -> Answer {
        self.call_with(Method::GET, path, None, &[]).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call_with(Method::POST, path, Some(body), &[]).await
    }

    async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call_with(Method::PUT, path, Some(body), &[]).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.call_with(Method::DELETE, path, None, &[]).await
    }

    /// Calls `path` below the conversation of `p1`.
    async fn on_p1(&self, path: &str, body: &Value) -> Answer {
        self.post(&format!("/api/unified-chat/conversations/p1/{path}"), body).await
    }
}

fn ada(gateway: &RunningService) -> Caller {
    Caller::new(gateway, Some(&staff("ada")))
}

/// A lead without a team.
fn lead(gateway: &RunningService) -> Caller {
    Caller::new(gateway, Some(&with_claim(staff("grace"), "lead", true)))
}

/// A member of `team`.
fn member(gateway: &RunningService, id: &str, team: &str) -> Caller {
    Caller::new(gateway, Some(&with_claim(staff(id), "teams", json!([team]))))
}

fn bo(gateway: &RunningService) -> Caller {
    Caller::new(gateway, Some(&player("p1")))
}

/// The events in the queues as JSON, which are the same in both.
async fn queued_in_both(system: &System) -> Vec<Value> {
    let mut queued = Vec::new();
    for worker in ConsumerKind::ALL {
        let events: Vec<Event> = system.broker.drain_events(worker).await;
        let events = events.iter().map(|event| serde_json::to_value(event).unwrap());
        queued.push(events.collect::<Vec<_>>());
    }
    let broadcaster = queued.pop().unwrap();
    let persister = queued.pop().unwrap();
    assert_eq!(persister, broadcaster);
    persister
}

fn assert_problem(answer: &Answer, status: u16, kind: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.json["type"], format!("urn:problem-type:player-portal-chat:{kind}"));
}

/// Creates an open session of each of `players`, `session{player}` as MD5 its id, in the order in which
/// they wait. `columns` are further columns of the session, as SQL.
async fn sessions(system: &System, players: &[(&str, &str)]) {
    for (since, (player, columns)) in players.iter().enumerate() {
        let (session, message) =
            (format!("md5('session{player}')::uuid"), format!("md5('message{player}')::uuid"));
        let time = format!("to_timestamp({since})");
        for statement in [
            format!(
                "INSERT INTO chat_conversations (player_id, last_seq, counted_seq, session_id, status,
                     last_message_id, last_message_at, unanswered, waiting_since)
                 VALUES ('{player}', 1, 1, {session}, 'pending', {message}, {time}, 1, {time})"
            ),
            format!(
                "INSERT INTO chat_sessions (id, player_id, status, opened_at, last_message_at)
                 VALUES ({session}, '{player}', 'pending', {time}, {time})"
            ),
            format!(
                "INSERT INTO chat_messages
                     (id, session_id, player_id, seq, sender_type, content, accepted_at)
                 VALUES ({message}, {session}, '{player}', 1, 'player', 'hello', {time})"
            ),
        ] {
            system.database.run(&statement).await;
        }
        if !columns.is_empty() {
            let update = format!("UPDATE chat_sessions SET {columns} WHERE player_id = '{player}'");
            system.database.run(&update).await;
        }
    }
}

/// Resolves the sessions of `player`.
async fn resolve(system: &System, player: &str) {
    for statement in [
        format!(
            "UPDATE chat_sessions SET status = 'resolved', resolved_at = last_message_at
             WHERE player_id = '{player}'"
        ),
        format!(
            "UPDATE chat_conversations SET status = 'resolved', inbox_at = last_message_at,
             waiting_since = NULL WHERE player_id = '{player}'"
        ),
    ] {
        system.database.run(&statement).await;
    }
}
