//! Starts servers, and waits for conditions.

use std::{net::TcpListener, time::Duration};

use local_pusher::{Server, Settings};
use pusher::App;

/// The longest wait, after which a test fails.
pub const LIMIT: Duration = Duration::from_secs(30);

pub fn app() -> App {
    App { id: "3".to_owned(), key: "the-key".to_owned(), secret: "the-secret".into() }
}

pub fn start() -> Server {
    start_with(Settings::new(app()))
}

pub fn start_with(settings: Settings) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    Server::start(settings, listener).expect("a server")
}

/// Waits until `condition` holds.
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LIMIT, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}
