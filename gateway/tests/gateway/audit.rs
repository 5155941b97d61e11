//! The audit of reads.

use broker::ConsumerKind;
use chat::event::Event;
use test_support::{System, eventually, token};

const AUDIT: &str = "--audit-reads=true";

/// The audited reads in the persister's queue: the player, and the member of the staff.
async fn recorded(system: &System, count: usize) -> Vec<(String, String)> {
    let mut found = Vec::new();
    eventually(&format!("{count} reads are recorded"), async || {
        for event in system.broker.drain_events(ConsumerKind::Persister).await {
            if let Event::ConversationRead(read) = event {
                found.push((read.player_id.to_string(), read.actor_id.as_str().to_owned()));
            }
        }
        (found.len() >= count).then_some(())
    })
    .await;
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_by_staff_are_recorded_once_a_minute_and_those_by_players_never() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[AUDIT]).await;
    let [ada, bo] = ["ada", "bo"].map(|id| gateway.api().with_token(&token("staff", id)));
    let player = gateway.api().with_token(&token("player", "p1"));
    for api in [&player, &ada, &ada, &player] {
        assert_eq!(api.conversation("p1", "").await.status, 200);
    }
    assert_eq!(bo.conversation("p2", "after=0").await.status, 200);
    let mut found = recorded(&system, 2).await;
    found.sort();
    assert_eq!(found, [("p1", "ada"), ("p2", "bo")].map(|(p, a)| (p.to_owned(), a.to_owned())));
    let counted = "chat_gateway_audited_reads_total{outcome=\"accepted\"}";
    assert_eq!(gateway.api().metric(counted).await, 2);
    assert_eq!(gateway.api().metric("chat_gateway_sends_total{outcome=\"accepted\"}").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_are_not_recorded_when_disabled_or_without_authentication() {
    let system = System::new().await;
    let silent = system.guarded_gateway(&[]).await;
    let ada = silent.api().with_token(&token("staff", "ada"));
    assert_eq!(ada.conversation("p1", "").await.status, 200);
    let open = system.gateway_with(&[AUDIT]).ready().await;
    assert_eq!(open.api().conversation("p1", "").await.status, 200);
    // A read that was recorded would precede this event.
    let gateway = system.guarded_gateway(&[AUDIT]).await;
    let bo = gateway.api().with_token(&token("staff", "bo"));
    assert_eq!(bo.conversation("p1", "").await.status, 200);
    assert_eq!(recorded(&system, 1).await, [("p1".to_owned(), "bo".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn read_succeeds_and_is_counted_when_it_cannot_be_recorded() {
    let system = System::new().await;
    let secret = format!("--auth-jwt-secret={}", test_support::JWT_SECRET);
    let without_broker = ["--auth-mode=jwt", &secret, AUDIT, "--amqp-url=amqp://127.0.0.1:1"];
    let gateway = system.gateway_with(&without_broker);
    let ada = gateway.api().with_token(&token("staff", "ada"));
    assert_eq!(ada.conversation("p1", "").await.status, 200);
    eventually("the read is counted", async || {
        let counted = "chat_gateway_audited_reads_total{outcome=\"refused\"}";
        (gateway.api().metric(counted).await == 1).then_some(())
    })
    .await;
}
