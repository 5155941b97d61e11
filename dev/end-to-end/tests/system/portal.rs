use serde_json::{Value, json};
use test_support::{RunningService, Script, System};

/// Starts a script with one of Pusher's clients on the system's Pusher. It may subscribe to
/// `channels`, with signatures that it requests from `gateway` with `token`.
pub fn script(
    name: &str,
    system: &System,
    gateway: &RunningService,
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

/// A portal's browser: a pusher-js that is subscribed to one channel.
pub struct Portal {
    script: Script,
    channel: String,
    /// Its connection. A sender names it to be excluded from the broadcast.
    pub socket_id: String,
}

impl Portal {
    /// Subscribes to `channel`, with a signature of `gateway` where one is needed.
    pub async fn subscribe(system: &System, gateway: &RunningService, channel: &str) -> Self {
        Self::subscribe_with(system, gateway, channel, "").await
    }

    /// Subscribes to `channel` with a signature that it requests with `token`.
    pub async fn subscribe_with(
        system: &System,
        gateway: &RunningService,
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
    pub async fn refusal(
        system: &System,
        gateway: &RunningService,
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

    /// The data of the next event, which must be called `name`.
    pub async fn receives(&mut self, name: &str) -> Value {
        let (event, data) = self.next_event().await;
        assert_eq!(event, name);
        data
    }

    /// The next event: its name and its data.
    pub async fn next_event(&mut self) -> (String, Value) {
        let fact = self.script.fact_with("event").await;
        assert_eq!(fact["channel"], self.channel.as_str());
        (fact["event"].as_str().unwrap().to_owned(), fact["data"].clone())
    }

    /// The data of the next two events, which must have these names, in any order.
    pub async fn receives_both(&mut self, names: [&str; 2]) -> [Value; 2] {
        let one = self.script.fact_with("event").await;
        let other = self.script.fact_with("event").await;
        let (first, second) = if one["event"] == names[0] { (one, other) } else { (other, one) };
        assert_eq!([&first["event"], &second["event"]], names.map(Value::from).each_ref());
        [first["data"].clone(), second["data"].clone()]
    }
}
