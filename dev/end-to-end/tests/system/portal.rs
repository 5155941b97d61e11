use serde_json::{Value, json};
use test_support::{Running, Script, System};

/// Starts one of the scripts with Pusher's clients on the system's Pusher. One that listens does so on
/// `channels`, with the signatures that `gateway` gives to `token`.
pub fn script(
    name: &str,
    system: &System,
    gateway: &Running,
    channels: &str,
    token: &str,
) -> Script {
    let addr = system.pusher.addr();
    let (host, port) = (addr.ip().to_string(), addr.port().to_string());
    let authorize = format!("http://{}/api/pusher/auth", gateway.addr);
    let headers = json!({ "Authorization": format!("Bearer {token}") }).to_string();
    let settings = [
        ("AUTH_HEADERS", &*headers),
        ("PUSHER_APP_ID", "app"),
        ("PUSHER_KEY", "key"),
        ("PUSHER_SECRET", "secret"),
        ("PUSHER_HOST", &*host),
        ("PUSHER_PORT", &*port),
        ("CHANNELS", channels),
        ("AUTH_ENDPOINT", &*authorize),
    ];
    Script::start(name, settings)
}

/// A portal's browser: a real pusher-js that listens on one channel.
pub struct Portal {
    script: Script,
    channel: String,
    /// Its connection, as a sender names it in order not to hear of its own message.
    pub socket_id: String,
}

impl Portal {
    /// Subscribes to `channel`, asking `gateway` for a signature where one is needed.
    pub async fn listen(system: &System, gateway: &Running, channel: &str) -> Self {
        Self::listen_with(system, gateway, channel, "").await
    }

    /// Subscribes to `channel` with `token`, asking `gateway` for a signature.
    pub async fn listen_with(
        system: &System,
        gateway: &Running,
        channel: &str,
        token: &str,
    ) -> Self {
        let mut script = script("listen.mjs", system, gateway, channel, token);
        let connected = script.fact_with("connected").await;
        let socket_id = connected["connected"].as_str().unwrap().to_owned();
        script.fact("a subscription", |fact| fact["subscribed"] == channel).await;
        Self { script, channel: channel.to_owned(), socket_id }
    }

    /// The status with which `gateway` refuses to sign a subscription to `channel` for `token`.
    pub async fn is_refused(
        system: &System,
        gateway: &Running,
        channel: &str,
        token: &str,
    ) -> Value {
        let mut script = script("listen.mjs", system, gateway, channel, token);
        let outcome = script
            .fact("an outcome", |fact| {
                fact["subscriptionError"] == channel || fact["subscribed"] == channel
            })
            .await;
        outcome["status"].clone()
    }

    /// The next event, which must be called `name`: its data.
    pub async fn hears(&mut self, name: &str) -> Value {
        let (event, data) = self.hears_next().await;
        assert_eq!(event, name);
        data
    }

    /// The next event: its name and its data.
    pub async fn hears_next(&mut self) -> (String, Value) {
        let fact = self.script.fact_with("event").await;
        assert_eq!(fact["channel"], self.channel.as_str());
        (fact["event"].as_str().unwrap().to_owned(), fact["data"].clone())
    }

    /// The next two events, which must be called so, in whatever order: their data in this order.
    pub async fn hears_both(&mut self, names: [&str; 2]) -> [Value; 2] {
        let one = self.script.fact_with("event").await;
        let other = self.script.fact_with("event").await;
        let (first, second) = if one["event"] == names[0] { (one, other) } else { (other, one) };
        assert_eq!([&first["event"], &second["event"]], names.map(Value::from).each_ref());
        [first["data"].clone(), second["data"].clone()]
    }
}
