use broker::{
    ConsumerKind,
    dead_letters::{DeadLetters, Filter},
};
use test_support::{Proxy, System, body, eventually, message};

use crate::support::{event, publish_each, sessions, system, until_persisted};

/// Slightly less than the limit of RabbitMQ 4, in bytes.
const LARGE: usize = 15 * 1024 * 1024;

async fn dead_letters(system: &System) -> DeadLetters {
    DeadLetters::open(&system.broker.settings(), ConsumerKind::Persister).await.unwrap()
}

/// The reasons of the dead letters, oldest first.
async fn reasons(system: &System) -> Vec<String> {
    let letters = dead_letters(system).await.list(1_000).await.unwrap();
    letters.into_iter().map(|letter| letter.reason).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_bodies_and_events_become_dead_letters_with_their_reason() {
    let system = system().await;
    let before_1970 = body([event(&message("p1", "hello"))]);
    let before_1970 =
        String::from_utf8(before_1970).unwrap().replace("acceptedAt\":\"20", "acceptedAt\":\"-00");
    let bodies: [(&[u8], &str); 6] = [
        (before_1970.as_bytes(), "1970 to 9999"),
        (b"no json", "not a body of events"),
        (b"{\"version\":1,\"events\":[\"\xff\xfe\"]}", "not a body of events"),
        (br#"{"version":7,"events":[]}"#, "version 7"),
        (br#"{"version":1,"events":[{"message":{"playerId":7}}]}"#, "invalid type"),
        (br#"{"version":1,"events":[{"unknownKind":{}}]}"#, "unknown variant"),
    ];
    for (unreadable, _) in bodies {
        system.broker.publish(unreadable).await;
    }
    publish_each(&system, [event(&message("p1", "good"))]).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["pending:1"]);
    let reasons = reasons(&system).await;
    assert_eq!(reasons.len(), bodies.len(), "{reasons:?}");
    for (reason, (_, expected)) in reasons.iter().zip(bodies) {
        assert!(reason.contains(expected), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_event_does_not_affect_the_others_of_its_body() {
    let system = system().await;
    let good = body((0..9).map(|_| event(&message("p1", "good"))));
    let nul = String::from_utf8(body([event(&message("p1", "BAD"))])).unwrap();
    let nul = nul.replace("BAD", "\\u0000");
    let events_of = |text: &str| {
        let (_, events) = text.split_once('[').unwrap();
        events.strip_suffix("]}").unwrap().to_owned()
    };
    let good = events_of(&String::from_utf8(good).unwrap());
    let mixed = format!(r#"{{"version":1,"events":[{good},{},{good}]}}"#, events_of(&nul));
    system.broker.publish(mixed.as_bytes()).await;
    system.work_off(1).await;
    // The second half of the valid events repeats the first.
    assert_eq!(sessions(&system).await, ["pending:9"]);
    let reasons = reasons(&system).await;
    assert_eq!(reasons.len(), 1);
    assert!(reasons[0].contains("NUL"), "{reasons:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_the_database_refuses_does_not_affect_the_others_of_its_batch() {
    let system = system().await;
    let constraint = "ALTER TABLE chat_messages ADD CONSTRAINT mended CHECK (content <> 'refused')";
    system.database.run(constraint).await;
    let content = |number| if number == 250 { "refused" } else { "good" };
    let messages = (0..500).map(|number| event(&message(&format!("p{number}"), content(number))));
    system.broker.publish(&body(messages)).await;
    system.work_off(1).await;
    assert_eq!(system.database.count_messages().await, 499);
    assert_eq!(system.database.count_sessions().await, 499);
    let reasons = reasons(&system).await;
    assert_eq!(reasons.len(), 1);
    assert!(reasons[0].contains("mended"), "{reasons:?}");

    system.database.run("ALTER TABLE chat_messages DROP CONSTRAINT mended").await;
    assert_eq!(dead_letters(&system).await.replay(usize::MAX).await.unwrap(), 1);
    system.work_off(1).await;
    assert_eq!(system.database.count_messages().await, 500);
    assert!(self::reasons(&system).await.is_empty());
}

/// RabbitMQ accepts bodies that are far larger than the gateway's.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_dead_letter_is_published_over_a_slow_connection() {
    let system = system().await;
    let proxy = Proxy::start(&system.broker.server(), true).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    let persister = system.persister_with(&[&through, "--broker-timeout=2s"]).ready().await;
    proxy.slow_down();
    publish_each(&system, [event(&message("p1", "before"))]).await;
    system.broker.publish(&vec![b'x'; LARGE]).await;
    publish_each(&system, [event(&message("p1", "behind"))]).await;
    until_persisted(&system, 2).await;
    let api = persister.api();
    eventually("the dead letter is confirmed", async || {
        (api.metric(r#"chat_persister_dead_letters_total{reason="unreadable"}"#).await == 1)
            .then_some(())
    })
    .await;
    persister.stop().await;

    let letters = dead_letters(&system).await.list(10).await.unwrap();
    assert!(letters[0].reason.contains("too large"), "{}", letters[0].reason);
    assert_eq!((letters.len(), letters[0].size), (1, LARGE));
    assert!(letters[0].body.len() < LARGE / 100, "the list shows only the beginning");
}

/// RabbitMQ dead-letters a body after its delivery limit.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_repeatedly_kills_its_worker_becomes_a_dead_letter() {
    let system = system().await;
    system.broker.publish(b"deadly").await;
    let names = system.broker.names();
    let deaths = system.broker.die_of(&names.queue(ConsumerKind::Persister)).await;
    assert!(deaths >= 1_000, "{deaths}");
    system.broker.wait_for_depth(&names.dead_letters(ConsumerKind::Persister), 1).await;
    let letters = dead_letters(&system).await.list(10).await.unwrap();
    assert_eq!(
        (letters[0].reason.as_str(), &*letters[0].body),
        ("RabbitMQ: delivery_limit", &b"deadly"[..])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn listing_keeps_dead_letters_and_purging_deletes_them() {
    let system = system().await;
    for _ in 0..3 {
        system.broker.publish(b"no json").await;
    }
    system.work_off(1).await;
    for _ in 0..25 {
        assert_eq!(reasons(&system).await.len(), 3);
    }
    assert_eq!(dead_letters(&system).await.purge().await.unwrap(), 3);
    assert!(reasons(&system).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_replayed_and_purged_by_reason_and_player() {
    let system = system().await;
    let constraint = "ALTER TABLE chat_messages ADD CONSTRAINT mended CHECK (content <> 'refused')";
    system.database.run(constraint).await;
    let refused = ["p1", "p1", "p2"].map(|player| event(&message(player, "refused")));
    publish_each(&system, refused).await;
    system.broker.publish(b"no json").await;
    let unknown_kind = br#"{"version":1,"events":[{"unknownKind":{"playerId":"p2"}}]}"#;
    system.broker.publish(unknown_kind).await;
    system.work_off(1).await;

    let filter = |reason: Option<&str>, player: Option<&str>| Filter {
        reason: reason.map(ToOwned::to_owned),
        player: player.map(|player| player.to_owned().try_into().unwrap()),
    };
    let count =
        async |wanted| dead_letters(&system).await.only(wanted).list(1_000).await.unwrap().len();
    assert_eq!(count(filter(Some("mended"), None)).await, 3);
    assert_eq!(count(filter(None, Some("p2"))).await, 2, "one of them is unreadable");
    assert_eq!(count(filter(Some("mended"), Some("p2"))).await, 1);
    assert_eq!(count(filter(None, None)).await, 5);

    let unreadable = filter(Some("not a body"), None);
    assert_eq!(dead_letters(&system).await.only(unreadable).purge().await.unwrap(), 1);
    system.database.run("ALTER TABLE chat_messages DROP CONSTRAINT mended").await;
    let of_p1 = filter(None, Some("p1"));
    assert_eq!(dead_letters(&system).await.only(of_p1.clone()).replay(1).await.unwrap(), 1);
    assert_eq!(dead_letters(&system).await.only(of_p1).replay(usize::MAX).await.unwrap(), 1);
    assert_eq!(count(filter(None, None)).await, 2);
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["pending:2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_unreadable_events_of_one_body_are_one_dead_letter() {
    let system = system().await;
    let events = vec!["7"; 100_000].join(",");
    system.broker.publish(format!(r#"{{"version":1,"events":[{events}]}}"#).as_bytes()).await;
    let mut large = vec![b' '; 1024 * 1024];
    large.extend(body([event(&message("p1", "far behind"))]));
    system.broker.publish(&large).await;
    publish_each(&system, [event(&message("p1", "good"))]).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["pending:1"]);
    let reasons = reasons(&system).await;
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons[0].contains("too many events: the limit is 1000"), "{reasons:?}");
    assert!(reasons[1].contains("too large: the limit is 1048576"), "{reasons:?}");
}
