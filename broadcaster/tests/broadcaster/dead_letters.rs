use broker::{ConsumerKind, dead_letters::DeadLetters};
use chat::{body::encode, event::Event};
use futures_util::future::join_all;
use test_support::{Proxy, body, eventually, message};

use crate::support::{all_acknowledged, dead_letters, event, system, until_accepted};
use test_support::fake_pusher::{Answer, FakePusher};

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_events_are_dead_lettered_and_their_neighbours_are_broadcast() {
    let system = system().await;
    system.broker.publish(b"no json").await;
    system.broker.publish(br#"{"version":2,"events":[]}"#).await;
    let good = String::from_utf8(encode([&event("p1", "hello").encode().unwrap()])).unwrap();
    let mixed = good.replace(r#""events":["#, r#""events":[{"message":7},"#);
    system.broker.publish(mixed.as_bytes()).await;
    let broadcaster = system.broadcaster().await;
    until_accepted(&system, 2).await;
    broadcaster.stop().await;
    assert_eq!(dead_letters(&system).await, Some(3));
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_with_too_many_events_is_one_dead_letter() {
    let system = system().await;
    let events = vec!["7"; 100_000].join(",");
    let flood = format!(r#"{{"version":1,"events":[{events}]}}"#);
    system.broker.publish(flood.as_bytes()).await;
    system.broker.publish(&body([event("p1", "behind")])).await;
    let broadcaster = system.broadcaster().await;
    until_accepted(&system, 2).await;
    broadcaster.stop().await;
    assert_eq!(dead_letters(&system).await, Some(1));
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_broadcast_while_dead_letters_cannot_be_published() {
    let system = system().await;
    let broadcaster = system.broadcaster().await;
    let letters = system.broker.names().dead_letters(ConsumerKind::Broadcaster);
    system.broker.delete_queue(&letters).await;
    system.broker.make_transient(&letters).await;
    system.broker.publish(br#"{"version":1,"events":[1,2,3]}"#).await;
    let api = broadcaster.api();
    eventually("readiness shows that dead letters cannot be published", async || {
        let ready = api.get("/health/ready").await;
        (ready.json["dependencies"]["dead-letters"] == "down").then_some(())
    })
    .await;
    system.broker.publish(&body([event("p1", "behind")])).await;
    until_accepted(&system, 2).await;
    system.broker.delete_queue(&letters).await;
    eventually("all are dead letters", async || {
        (dead_letters(&system).await == Some(3)).then_some(())
    })
    .await;
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

/// RabbitMQ accepts bodies that are far larger than the gateway's.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_whose_confirm_takes_longer_than_a_small_ones_is_dead_lettered() {
    let system = system().await;
    let proxy = Proxy::start(&system.broker.server(), true).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    let broadcaster = system.broadcaster_with(&[&through, "--broker-timeout=2s"]).ready().await;
    proxy.slow_down();
    system.broker.publish(&body([event("p1", "before")])).await;
    system.broker.publish(&vec![b'x'; 15 * 1024 * 1024]).await;
    system.broker.publish(&body([event("p1", "behind")])).await;
    until_accepted(&system, 4).await;
    eventually("it is a dead letter", async || {
        (dead_letters(&system).await == Some(1)).then_some(())
    })
    .await;
    broadcaster.stop().await;
    all_acknowledged(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_event_is_dead_lettered_alone_and_can_be_replayed() {
    join_all(["400 Bad Request", "413 Content Too Large"].map(rejected_with)).await;
}

async fn rejected_with(status: &'static str) {
    let system = system().await;
    let pusher = FakePusher::start(move |call| match call.contains("poison") {
        true => Answer::of(status, "text/plain", "no"),
        false => Answer::accepted(),
    })
    .await;
    let contents = ["hello", "hello", "poison", "hello", "hello"];
    system.broker.publish(&body(contents.map(|content| event("p1", content)))).await;
    let broadcaster = pusher.broadcaster(&system, &["--broadcast-concurrency=1"]).await;
    eventually("the others are broadcast and one is a dead letter", async || {
        let broadcast = broadcaster.api().metric("chat_broadcaster_broadcast_total").await;
        (broadcast == 8 && dead_letters(&system).await == Some(1)).then_some(())
    })
    .await;
    broadcaster.stop().await;
    all_acknowledged(&system).await;

    let open = async || {
        DeadLetters::open(&system.broker.settings(), ConsumerKind::Broadcaster).await.unwrap()
    };
    let letters = open().await.list(10).await.unwrap();
    assert!(letters[0].reason.contains(&status[..3]), "{letters:?}");
    assert_eq!(open().await.replay(usize::MAX).await.unwrap(), 1);
    pusher.set_rule(|_| Answer::accepted());
    let before = pusher.calls().len();
    let broadcaster = pusher.broadcaster(&system, &[]).await;
    eventually("it is broadcast", async || {
        pusher.calls()[before..].iter().any(|call| call.contains("poison")).then_some(())
    })
    .await;
    broadcaster.stop().await;
    assert_eq!(dead_letters(&system).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_message_is_truncated_and_accepted() {
    let system = system().await;
    let broadcaster = system.broadcaster().await;
    let long = Event::Message(Box::new(message("p1", &"😀".repeat(4_000))));
    system.broker.publish(&body([long])).await;
    until_accepted(&system, 2).await;
    for (_, _, data) in system.pusher.events().await {
        assert_eq!(data["truncated"], true);
    }
    broadcaster.stop().await;
    assert_eq!(dead_letters(&system).await, Some(0));
}
