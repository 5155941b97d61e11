use std::{
    net::{SocketAddr, TcpListener},
    ops::Deref,
};

use ::pusher::App;
use local_pusher::{Server, Settings};
use serde_json::Value;

/// A test's own local-pusher.
pub struct PusherServer {
    server: Server,
    control: PusherControl,
}

/// A client of a local-pusher's control interface.
pub struct PusherControl {
    url: String,
    http: reqwest::Client,
}

/// The application of [`PusherServer`].
pub(crate) fn app() -> App {
    App { id: "app".into(), key: "key".into(), secret: "secret".into() }
}

impl PusherServer {
    /// Starts a local-pusher on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server::start(Settings::new(app()), listener).unwrap();
        let control = PusherControl::new(server.addr());
        Self { server, control }
    }

    /// Its address.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }
}

impl Deref for PusherServer {
    type Target = PusherControl;

    fn deref(&self) -> &Self::Target {
        &self.control
    }
}

impl PusherControl {
    /// A client of the local-pusher at `addr`.
    pub fn new(addr: SocketAddr) -> Self {
        service::install_crypto();
        Self { url: format!("http://{addr}/control"), http: reqwest::Client::new() }
    }

    /// Injects a fault; local-pusher's README lists them.
    pub async fn fault(&self, fault: &Value) {
        let call = self.http.put(format!("{}/fault", self.url)).json(fault);
        assert!(call.send().await.unwrap().status().is_success(), "{fault}");
    }

    /// Ends the fault.
    pub async fn behave(&self) {
        self.http.delete(format!("{}/fault", self.url)).send().await.unwrap();
    }

    /// The counts of accepted calls and events, and the last events.
    pub async fn accepted(&self) -> Value {
        let call = self.http.get(format!("{}/accepted?events=true", self.url));
        call.send().await.unwrap().json().await.unwrap()
    }

    /// The accepted events: channel, name, and parsed data.
    pub async fn events(&self) -> Vec<(String, String, Value)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let accepted = self.accepted().await;
        let events = accepted["lastEvents"].as_array().unwrap().iter();
        events
            .map(|event| {
                let data = serde_json::from_str(event["data"].as_str().unwrap()).unwrap();
                (text(&event["channel"]), text(&event["name"]), data)
            })
            .collect()
    }
}
