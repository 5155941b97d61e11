//! Marks as read and as unread, as their clients and the queues observe them.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use broker::ConsumerKind;
use chat::{Mark, ReadMark, event::Event};
use futures_util::future::join_all;
use reqwest::header;
use serde_json::{Value, json};
use test_support::{Answer, Api, Proxy, System, eventually, token};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::{
    limits::retry_after,
    tokens::{Issuer, player, staff},
};

const BOTH: &str = "--read-marks=both";
const NO_LIMIT: &str = "--read-mark-limit=0";

/// No test waits for it.
const LONG: Duration = Duration::from_secs(5);
const LONG_DELAY: &str = "--read-delay=5s";

async fn mark(api: &Api, player: &str, body: &Value) -> Answer {
    api.post(&format!("/api/unified-chat/conversations/{player}/read"), body).await
}

async fn mark_read(api: &Api, player: &str, message: Uuid) -> Answer {
    mark(api, player, &json!({ "messageId": message })).await
}

/// Marks messages of `player` as read, each in a request of its own, all at once.
fn mark_at_once(api: &Api, player: &'static str, messages: &[Uuid]) -> Vec<JoinHandle<Answer>> {
    let mark = |&message: &Uuid| {
        let api = api.clone();
        tokio::spawn(async move { mark_read(&api, player, message).await })
    };
    messages.iter().map(mark).collect()
}

/// Waits until `count` requests to mark wait for a confirm.
async fn until_waiting(api: &Api, count: u64) {
    eventually(&format!("{count} marks wait"), async || {
        (api.metric("chat_gateway_waiting_read_marks").await == count).then_some(())
    })
    .await;
}

async fn queued(system: &System, worker: ConsumerKind) -> Vec<ReadMark> {
    let events = system.broker.drain_events(worker).await;
    let mark = |event| match event {
        Event::ReadMark(mark) => mark,
        other => panic!("{other:?}"),
    };
    events.into_iter().map(mark).collect()
}

/// The marks in the queues, which are the same in both.
async fn queued_in_both(system: &System) -> Vec<ReadMark> {
    let [persister, broadcaster] = [
        queued(system, ConsumerKind::Persister).await,
        queued(system, ConsumerKind::Broadcaster).await,
    ];
    assert_eq!(persister, broadcaster);
    persister
}

fn with_claims(api: &Api, claims: &Value) -> Api {
    api.with_token(&Issuer::usual().token(claims))
}

fn assert_problem(answer: &Answer, status: u16, kind: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.json["type"], format!("urn:problem-type:player-portal-chat:{kind}"));
}

fn assert_accepted(answer: &Answer, message: Uuid) {
    assert_eq!(answer.status, 202, "{answer:?}");
    let expected = json!({
        "success": true, "messageId": message, "acceptedAt": answer.json["acceptedAt"],
        "status": "accepted"
    });
    assert!(answer.json["acceptedAt"].is_string(), "{answer:?}");
    assert_eq!(answer.json, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn mark_is_in_both_queues_with_its_reader_when_it_is_accepted() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[BOTH, "--read-delay=0"]).await;
    let bo = with_claims(&gateway.api(), &player("p1"));
    let ada = with_claims(&gateway.api(), &staff("ada@example.com"));
    let (read, unread) = (Uuid::now_v7(), Uuid::now_v7());
    assert_accepted(&mark_read(&bo, "p1", read).await, read);
    let forged = json!({ "messageId": read, "readerId": "the boss" });
    assert_accepted(&mark(&ada, "p1", &forged).await, read);
    let upper = json!({ "unreadFrom": unread.to_string().to_uppercase() });
    let answer = mark(&ada, "p1", &upper).await;
    assert_accepted(&answer, unread);

    let marks = queued_in_both(&system).await;
    let found: Vec<_> = marks
        .iter()
        .map(|mark| (mark.reader.to_string(), mark.mark, mark.message_ids.clone(), mark.staff_only))
        .collect();
    let ada = || "staff:ada@example.com".to_owned();
    assert_eq!(
        found,
        [
            ("player".to_owned(), Mark::Read, vec![read], false),
            (ada(), Mark::Read, vec![read], false),
            (ada(), Mark::Unread, vec![unread], false),
        ]
    );
    assert!(marks.iter().all(|mark| mark.player_id.as_str() == "p1"));
    let accepted_at = serde_json::to_value(&marks[2]).unwrap()["acceptedAt"].take();
    assert_eq!(answer.json["acceptedAt"], accepted_at);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_marks_become_few_events_that_are_in_the_queues_when_clients_are_answered() {
    const REQUESTS: usize = 1_000;
    let system = System::new().await;
    let settings = [BOTH, NO_LIMIT, "--read-delay=2s", "--address-connections=0"];
    let gateway = system.guarded_gateway(&settings).await;
    let messages: Vec<_> = (0..REQUESTS / 10).map(|_| Uuid::now_v7()).collect();
    let repeated: Vec<_> = messages.iter().copied().cycle().take(REQUESTS).collect();
    let bo = with_claims(&gateway.api(), &player("p1"));
    let mut answered_at = HashSet::new();
    for (answer, message) in mark_at_once(&bo, "p1", &repeated).into_iter().zip(&repeated) {
        let answer = answer.await.unwrap();
        assert_accepted(&answer, *message);
        answered_at.insert(answer.json["acceptedAt"].as_str().unwrap().to_owned());
    }
    let marks = queued_in_both(&system).await;
    assert!((1..=5).contains(&marks.len()), "{} events", marks.len());
    assert_eq!(answered_at.len(), marks.len(), "clients are answered with the time of their event");
    let found: HashSet<_> = marks.iter().flat_map(|mark| &mark.message_ids).copied().collect();
    assert_eq!(found, messages.into_iter().collect());
    for mark in marks {
        let distinct: HashSet<_> = mark.message_ids.iter().collect();
        assert_eq!(distinct.len(), mark.message_ids.len(), "an event names each message once");
    }
    let api = gateway.api();
    let accepted = api.metric("chat_gateway_read_marks_total{outcome=\"accepted\"}").await;
    assert_eq!(accepted, REQUESTS as u64);
    assert_eq!(api.metric("chat_gateway_sends_total{outcome=\"accepted\"}").await, 0);
    assert_eq!(api.metric("chat_gateway_waiting_read_marks").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_of_different_readers_and_conversations_are_not_merged() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[BOTH, "--read-delay=100ms"]).await;
    let message = Uuid::now_v7();
    let [ada, bea] = ["ada", "bea"].map(|id| with_claims(&gateway.api(), &staff(id)));
    let marks = [(&ada, "p1"), (&ada, "p2"), (&bea, "p1")]
        .map(|(api, player)| mark_at_once(api, player, &[message]));
    for answer in marks.into_iter().flatten() {
        assert_accepted(&answer.await.unwrap(), message);
    }
    let mut found: Vec<_> = queued_in_both(&system)
        .await
        .iter()
        .map(|mark| (mark.reader.to_string(), mark.player_id.to_string()))
        .collect();
    found.sort();
    let expected = [("staff:ada", "p1"), ("staff:ada", "p2"), ("staff:bea", "p1")];
    assert_eq!(found, expected.map(|(reader, player)| (reader.to_owned(), player.to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn mark_that_names_500_messages_is_published_at_once() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[BOTH, NO_LIMIT, LONG_DELAY]).await;
    let bo = with_claims(&gateway.api(), &player("p1"));
    let messages: Vec<_> = (0..500).map(|_| Uuid::now_v7()).collect();
    let requests = mark_at_once(&bo, "p1", &messages[1..]);
    until_waiting(&gateway.api(), 499).await;
    let began = Instant::now();
    assert_accepted(&mark_read(&bo, "p1", messages[0]).await, messages[0]);
    assert!(began.elapsed() < LONG, "it waited");
    for answer in requests {
        assert_eq!(answer.await.unwrap().status, 202);
    }
    let marks = queued_in_both(&system).await;
    assert_eq!(marks.iter().map(|mark| mark.message_ids.len()).collect::<Vec<_>>(), [500]);
}

#[tokio::test(flavor = "multi_thread")]
async fn mark_as_unread_replaces_the_waiting_mark_as_read_and_is_published_at_once() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[BOTH, LONG_DELAY]).await;
    let ada = with_claims(&gateway.api(), &staff("ada"));
    let (read, unread) = (Uuid::now_v7(), Uuid::now_v7());
    let began = Instant::now();
    let waiting = mark_at_once(&ada, "p1", &[read]);
    until_waiting(&gateway.api(), 1).await;
    let answer = mark(&ada, "p1", &json!({ "unreadFrom": unread })).await;
    assert_accepted(&answer, unread);
    for replaced in waiting {
        let replaced = replaced.await.unwrap();
        assert_accepted(&replaced, read);
        assert_eq!(replaced.json["acceptedAt"], answer.json["acceptedAt"]);
    }
    assert!(began.elapsed() < LONG, "it waited");
    let marks = queued_in_both(&system).await;
    let found: Vec<_> = marks.iter().map(|mark| (mark.mark, mark.message_ids.clone())).collect();
    assert_eq!(found, [(Mark::Unread, vec![unread])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_that_stops_publishes_the_waiting_marks() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[BOTH, LONG_DELAY]).await;
    let message = Uuid::now_v7();
    let readers = ["ada", "bea", "cleo"].map(|id| with_claims(&gateway.api(), &staff(id)));
    let began = Instant::now();
    let waiting: Vec<_> =
        readers.iter().flat_map(|api| mark_at_once(api, "p1", &[message])).collect();
    until_waiting(&gateway.api(), 3).await;
    gateway.stop().await;
    assert!(began.elapsed() < LONG, "the gateway waited for the delay");
    for answer in waiting {
        assert_accepted(&answer.await.unwrap(), message);
    }
    assert_eq!(queued_in_both(&system).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_waiting_client_gets_a_503_when_rabbitmq_is_away() {
    let system = System::new().await;
    let proxy = Proxy::start(&system.broker.server(), false).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    let gateway = system.gateway_with(&[BOTH, "--read-delay=200ms", &through]);
    let api = gateway.api();
    let messages: Vec<_> = (0..10).map(|_| Uuid::now_v7()).collect();
    for (answer, message) in mark_at_once(&api, "p1", &messages).into_iter().zip(&messages) {
        let answer = answer.await.unwrap();
        assert_problem(&answer, 503, "not-accepted");
        assert_eq!(answer.headers[header::RETRY_AFTER], "1");
        assert_eq!(answer.json["messageId"], json!(message));
    }
    assert_eq!(api.metric("chat_gateway_read_marks_total{outcome=\"refused\"}").await, 10);

    proxy.bring_back();
    let gateway = gateway.ready().await;
    assert_accepted(&mark_read(&gateway.api(), "p1", messages[0]).await, messages[0]);
    let marks = queued_in_both(&system).await;
    assert_eq!(marks.len(), 1, "a refused mark is in no queue");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_400_names_the_invalid_field_of_a_mark() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[BOTH]).await;
    let ada = with_claims(&gateway.api(), &staff("ada"));
    let id = Uuid::now_v7();
    for (body, field) in [
        (json!({}), "messageId"),
        (json!({ "messageId": null }), "messageId"),
        (json!({ "messageId": id, "unreadFrom": id }), "unreadFrom"),
        (json!({ "messageId": "7" }), "messageId"),
        (json!({ "messageId": id.simple().to_string() }), "messageId"),
        (json!({ "messageId": Uuid::nil() }), "messageId"),
        (json!({ "messageId": [id] }), "messageId"),
        (json!({ "unreadFrom": 7 }), "unreadFrom"),
        (json!({ "messageId": id, "readerId": "\u{200b}" }), "readerId"),
    ] {
        let answer = mark(&ada, "p1", &body).await;
        assert_problem(&answer, 400, "invalid-field");
        assert_eq!(answer.json["field"], field, "{body}: {answer:?}");
        assert!(answer.json["detail"].as_str().unwrap().starts_with(field), "{answer:?}");
    }
    let answer = mark_read(&ada, "a%20b", id).await;
    assert_problem(&answer, 400, "invalid-field");
    assert_eq!(answer.json["field"], "playerId");
    assert_problem(&mark(&ada, "p1", &json!([id])).await, 400, "invalid-body");
    assert!(queued(&system, ConsumerKind::Persister).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn players_mark_only_messages_of_their_own_conversation_as_read() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[BOTH]).await;
    let bo = with_claims(&gateway.api(), &player("p1"));
    let id = Uuid::now_v7();
    assert_problem(&mark_read(&gateway.api(), "p1", id).await, 401, "unauthenticated");
    assert_problem(&mark_read(&bo, "p2", id).await, 403, "forbidden");
    assert_problem(&mark(&bo, "p1", &json!({ "unreadFrom": id })).await, 403, "forbidden");
    let forged = json!({ "unreadFrom": id, "readerId": "ada" });
    assert_problem(&mark(&bo, "p1", &forged).await, 403, "forbidden");
    assert!(queued(&system, ConsumerKind::Persister).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn body_names_the_reader_without_authentication() {
    let system = System::new().await;
    let gateway = system.gateway_with(&[BOTH, "--read-delay=0"]).ready().await;
    let (api, id) = (gateway.api(), Uuid::now_v7());
    for body in [
        json!({ "messageId": id }),
        json!({ "messageId": id, "readerId": "ada" }),
        json!({ "unreadFrom": id, "readerId": "ada" }),
    ] {
        assert_accepted(&mark(&api, "p1", &body).await, id);
    }
    assert_problem(&mark(&api, "p1", &json!({ "unreadFrom": id })).await, 403, "forbidden");
    let found: Vec<_> = queued_in_both(&system)
        .await
        .iter()
        .map(|mark| (mark.reader.to_string(), mark.mark))
        .collect();
    let expected = [("player", Mark::Read), ("staff:ada", Mark::Read), ("staff:ada", Mark::Unread)];
    assert_eq!(found, expected.map(|(reader, mark)| (reader.to_owned(), mark)));
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_of_staff_are_for_staff_only_when_players_must_not_see_them() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&["--read-marks=staff", "--read-delay=0"]).await;
    let (bo, ada) =
        (with_claims(&gateway.api(), &player("p1")), with_claims(&gateway.api(), &staff("ada")));
    for api in [&bo, &ada] {
        assert_eq!(mark_read(api, "p1", Uuid::now_v7()).await.status, 202);
    }
    let marks = queued_in_both(&system).await;
    let found: Vec<_> =
        marks.iter().map(|mark| (mark.reader.is_staff(), mark.staff_only)).collect();
    assert_eq!(found, [(false, false), (true, true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_are_answered_with_a_404_while_they_are_off() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[]).await;
    let ada = with_claims(&gateway.api(), &staff("ada"));
    let answer = mark_read(&ada, "p1", Uuid::now_v7()).await;
    assert_problem(&answer, 404, "read-marks-off");
    assert!(answer.json["detail"].as_str().unwrap().contains("READ_MARKS"), "{answer:?}");
    assert!(queued(&system, ConsumerKind::Persister).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reader_has_a_rate_limit_of_marks_beside_that_of_sends() {
    let system = System::new().await;
    let limits = ["--read-mark-limit=1", "--read-mark-burst=3", "--sender-limit=1"];
    let settings = [&limits[..], &["--sender-burst=1", BOTH, "--read-delay=0"]].concat();
    let gateway = system.guarded_gateway(&settings).await;
    let by = |claims| with_claims(&gateway.api(), &claims);
    let (reader, other, namesake) = (by(player("p1")), by(player("p2")), by(staff("p1")));
    let id = Uuid::now_v7();
    for _ in 0..3 {
        assert_eq!(mark_read(&reader, "p1", id).await.status, 202);
    }
    let refused = mark_read(&reader, "p1", id).await;
    assert_problem(&refused, 429, "too-many-calls");
    assert!((1..=60).contains(&retry_after(&refused)), "{refused:?}");
    assert_eq!(reader.send_as_player("p1", "hello").await.status, 202);
    assert_eq!(mark_read(&other, "p2", id).await.status, 202);
    assert_eq!(mark_read(&namesake, "p1", id).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_beyond_its_rate_limit_may_mark_again_after_a_second() {
    let system = System::new().await;
    let settings = ["--read-mark-limit=60", "--read-mark-burst=1", BOTH, "--read-delay=0"];
    let gateway = system.guarded_gateway(&settings).await;
    let reader = with_claims(&gateway.api(), &player("p1"));
    // At once, so that the limit does not recover between two of them on a slow machine.
    let answers = join_all(mark_at_once(&reader, "p1", &[Uuid::now_v7(); 20])).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!(retry_after(refused), 1, "{refused:?}");
    eventually("the reader may mark again", async || {
        (mark_read(&reader, "p1", Uuid::now_v7()).await.status == 202).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_marks_a_minute_are_the_default_limit() {
    let system = System::new().await;
    let gateway = system.guarded_gateway(&[BOTH]).await;
    let bo = gateway.api().with_token(&token("player", "p1"));
    let messages: Vec<_> = (0..100).map(|_| Uuid::now_v7()).collect();
    let (mut accepted, mut refused) = (0, 0);
    for answer in mark_at_once(&bo, "p1", &messages) {
        match answer.await.unwrap().status {
            202 => accepted += 1,
            429 => refused += 1,
            other => panic!("{other}"),
        }
    }
    // The limit recovers by one in two seconds, on a slow machine meanwhile.
    assert!(accepted >= 30 && refused > 0, "{accepted} accepted, {refused} refused");
}
