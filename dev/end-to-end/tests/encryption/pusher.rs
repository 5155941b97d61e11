use ::broker::ConsumerKind;
use broadcaster::{pusher_client::PusherClient, settings::PusherSettings};
use chat::event::Event;
use test_support::{Authority, Running, System, body, eventually, message, settings};

use crate::{NAME, OTHER_HOST, STRANGER};

/// A system whose Pusher speaks TLS, with the settings by which a broadcaster calls it as `host`.
struct Encrypted {
    system: System,
    authority: Authority,
    port: u16,
}

impl Encrypted {
    async fn new() -> Self {
        let (system, authority) = (System::new().await, Authority::new());
        let port = authority.vouch_for(NAME).stand_before(system.pusher.addr()).await.port();
        Self { system, authority, port }
    }

    fn settings(&self, host: &str, trust: &Authority) -> [String; 4] {
        [
            "--pusher-scheme=https".to_owned(),
            format!("--pusher-host={host}"),
            format!("--pusher-port={}", self.port),
            trust.trusted(),
        ]
    }

    fn broadcaster(&self, host: &str, trust: &Authority) -> Running {
        self.system.broadcaster_with(&self.settings(host, trust).each_ref().map(|it| &**it))
    }

    /// What a broadcaster's call fails on.
    async fn refusal(&self, host: &str, trust: &Authority) -> String {
        let app = ["--pusher-app-id=app", "--pusher-key=key", "--pusher-secret=secret"];
        let app = app.map(ToOwned::to_owned);
        let settings: PusherSettings = settings(app.into_iter().chain(self.settings(host, trust)));
        PusherClient::new(&settings, 1).unwrap().send(&[]).await.unwrap_err().to_string()
    }

    async fn calls(&self) -> u64 {
        self.system.pusher.accepted().await["calls"].as_u64().unwrap()
    }

    /// An outage: Pusher is told nothing, nothing is buried, and once Pusher proves who it is, it gets
    /// it all.
    async fn holds_an_event_for(&self, refused: Running) {
        let (refused, broker) = (refused.ready().await, &self.system.broker);
        let event = Event::Message(Box::new(message("p1", "hello")));
        broker.publish(&body([event])).await;
        let api = refused.api();
        eventually("Pusher counts as away", async || {
            let ready = api.get("/health/ready").await;
            (ready.json["dependencies"]["pusher"] == "down").then_some(())
        })
        .await;
        eventually("several calls have failed", async || {
            (api.metric(r#"chat_broadcaster_calls_total{outcome="unavailable"}"#).await > 2)
                .then_some(())
        })
        .await;
        assert_eq!(self.calls().await, 0);
        refused.stop().await;
        assert_eq!(
            broker.depth(&broker.names().dead_letters(ConsumerKind::Broadcaster)).await,
            Some(0)
        );

        let trusted = self.broadcaster(NAME, &self.authority);
        eventually("the event was accepted", async || (self.calls().await == 1).then_some(()))
            .await;
        trusted.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pusher_that_a_stranger_vouches_for_is_not_called_and_what_is_for_it_is_held() {
    let (encrypted, stranger) = (Encrypted::new().await, Authority::new());
    let refusal = encrypted.refusal(NAME, &stranger).await;
    assert!(refusal.contains(STRANGER), "{refusal}");
    encrypted.holds_an_event_for(encrypted.broadcaster(NAME, &stranger)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pusher_by_another_name_is_not_called_and_what_is_for_it_is_held() {
    let encrypted = Encrypted::new().await;
    let refusal = encrypted.refusal("127.0.0.1", &encrypted.authority).await;
    assert!(refusal.contains(OTHER_HOST), "{refusal}");
    encrypted.holds_an_event_for(encrypted.broadcaster("127.0.0.1", &encrypted.authority)).await;
}
