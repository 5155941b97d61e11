use ::broker::ConsumerKind;
use broadcaster::{pusher_client::PusherClient, settings::PusherSettings};
use chat::event::Event;
use test_support::{Authority, RunningService, System, body, eventually, message, settings};

use crate::{NAME, UNKNOWN_ISSUER, WRONG_HOST};

/// A system whose Pusher has a TLS proxy in front of it.
struct EncryptedPusher {
    system: System,
    authority: Authority,
    port: u16,
}

impl EncryptedPusher {
    async fn new() -> Self {
        let (system, authority) = (System::new().await, Authority::new());
        let port = authority.issue(NAME).serve_tls(system.pusher.addr()).await.port();
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

    fn broadcaster(&self, host: &str, trust: &Authority) -> RunningService {
        self.system
            .broadcaster_with(&self.settings(host, trust).each_ref().map(|setting| &**setting))
    }

    /// The error of a broadcaster's call.
    async fn call_error(&self, host: &str, trust: &Authority) -> String {
        let app = ["--pusher-app-id=app", "--pusher-key=key", "--pusher-secret=secret"];
        let app = app.map(ToOwned::to_owned);
        let settings: PusherSettings = settings(app.into_iter().chain(self.settings(host, trust)));
        PusherClient::new(&settings, 1).unwrap().send(&[]).await.unwrap_err().to_string()
    }

    async fn calls(&self) -> u64 {
        self.system.pusher.accepted().await["calls"].as_u64().unwrap()
    }

    /// Checks that a failed verification is an outage: nothing is sent, nothing becomes a dead
    /// letter, and a broadcaster that trusts the certificate sends the event.
    async fn holds_an_event_for(&self, distrusting: RunningService) {
        let (distrusting, broker) = (distrusting.ready().await, &self.system.broker);
        let event = Event::Message(Box::new(message("p1", "hello")));
        broker.publish(&body([event])).await;
        let api = distrusting.api();
        eventually("Pusher is reported down", async || {
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
        distrusting.stop().await;
        assert_eq!(
            broker.depth(&broker.names().dead_letters(ConsumerKind::Broadcaster)).await,
            Some(0)
        );

        let trusting = self.broadcaster(NAME, &self.authority);
        eventually("the event is accepted", async || (self.calls().await == 1).then_some(())).await;
        trusting.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_held_while_pushers_certificate_has_an_unknown_issuer() {
    let (encrypted, unknown) = (EncryptedPusher::new().await, Authority::new());
    let error = encrypted.call_error(NAME, &unknown).await;
    assert!(error.contains(UNKNOWN_ISSUER), "{error}");
    encrypted.holds_an_event_for(encrypted.broadcaster(NAME, &unknown)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_held_while_pushers_certificate_is_for_another_host() {
    let encrypted = EncryptedPusher::new().await;
    let error = encrypted.call_error("127.0.0.1", &encrypted.authority).await;
    assert!(error.contains(WRONG_HOST), "{error}");
    encrypted.holds_an_event_for(encrypted.broadcaster("127.0.0.1", &encrypted.authority)).await;
}
