//! Players and staff.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use reqwest::Client;
use serde_json::json;
use test_support::token_by;
use tokio::{
    task::{AbortHandle, JoinSet},
    time::interval,
};
use uuid::Uuid;

/// The time from one call to the next.
const PERIOD: Duration = Duration::from_millis(50);

/// Players, so that none exceeds a limit.
const PLAYERS: u64 = 500;

/// Staff who read, so that none exceeds a limit. Each has an address, as an address may use only so much
/// memory that its reads do not exhaust the pool of connections.
const STAFF: u8 = 7;

/// The most calls that wait for an answer.
const AT_ONCE: usize = 100;

/// Sends, reads and uploads all the time, whatever is answered. Dropping it ends the load.
pub struct Load(AbortHandle);

impl Load {
    /// Begins to call `gateway`, whose tokens are signed with `secret`.
    pub fn start(gateway: SocketAddr, secret: String) -> Self {
        let clients = (1..=STAFF).map(|staff| (format!("staff-{staff}"), client(staff)));
        let clients = clients.collect::<Vec<_>>().into_iter().cycle();
        let base = format!("http://{gateway}/api");
        let mut tokens = HashMap::new();
        // To make a token takes longer than to send.
        let mut token = move |role: &'static str, subject: String| -> String {
            let made = || token_by(&secret, role, &subject);
            tokens.entry(subject.clone()).or_insert_with(made).clone()
        };
        let task = tokio::spawn(async move {
            let (mut calls, mut ticks) = (JoinSet::new(), interval(PERIOD));
            for (number, (staff, http)) in (0_u64..).zip(clients) {
                ticks.tick().await;
                while calls.try_join_next().is_some() {}
                if calls.len() >= AT_ONCE {
                    continue;
                }
                let player = format!("player-{}", number % PLAYERS);
                let conversations = format!("{base}/unified-chat/conversations");
                let of_player = token("player", player.clone());
                let of_staff = token("staff", staff);
                let call = match number % 10 {
                    0 => {
                        let id = Uuid::now_v7();
                        let url = format!("{conversations}/{player}/attachments/{id}?name=a.txt");
                        http.put(url).bearer_auth(of_player).body("hello")
                    }
                    1 => http.get(conversations).bearer_auth(of_staff),
                    2..=4 => http.get(format!("{conversations}/{player}")).bearer_auth(of_staff),
                    _ => message(&http, &base, &player, "hello").bearer_auth(of_player),
                };
                calls.spawn(call.send());
            }
        });
        Self(task.abort_handle())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A client at the loopback address that ends in `number`.
fn client(number: u8) -> Client {
    let address = Ipv4Addr::new(127, 0, 1, number);
    Client::builder().local_address(Some(address.into())).build().unwrap()
}

/// The request that sends a player's message to the API at `base`.
pub fn message(http: &Client, base: &str, player: &str, content: &str) -> reqwest::RequestBuilder {
    let message = json!({ "playerId": player, "senderType": "player", "content": content });
    http.post(format!("{base}/staff-chat-integration/send")).json(&message)
}
