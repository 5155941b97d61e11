//! A 202 means durable: only the confirm of its own publish makes one.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use broker::ConsumerKind;
use chat::event::Event;
use serde_json::{Value, json};
use test_support::{Api, System, eventually};
use uuid::Uuid;

/// Disables the gateway's check of the queues.
const NO_CHECKS: &str = "--topology-check-interval=60m";

#[tokio::test(flavor = "multi_thread")]
async fn send_is_rejected_when_both_queues_are_missing_and_they_are_declared_again() {
    let system = System::new().await;
    let gateway = system.gateway_with(&[NO_CHECKS]).ready().await;
    for worker in ConsumerKind::ALL {
        system.broker.delete(worker).await;
    }
    let answer = gateway.api().send_as_player("p1", "returned").await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.json["type"], "urn:problem-type:player-portal-chat:not-accepted");

    accepted_again(&gateway.api()).await;
    assert_eq!(queued(&system, ConsumerKind::Broadcaster).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn send_is_rejected_when_one_queue_is_missing() {
    for missing in ConsumerKind::ALL {
        let system = System::new().await;
        let gateway = system.gateway_with(&[NO_CHECKS]).ready().await;
        system.broker.delete(missing).await;
        assert_eq!(gateway.api().send_as_player("p1", "returned").await.status, 503);
        accepted_again(&gateway.api()).await;
        assert_eq!(queued(&system, missing).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn send_is_rejected_when_a_queue_is_full() {
    let system = System::new().await;
    let gateway = system.gateway_with(&["--queue-max-bytes=20000"]).ready().await;
    let api = gateway.api();
    let (accepted, rejected) = fill(&api).await;
    // The gateway notices that the queue has room without a send.
    assert_eq!(api.get("/health/ready").await.status, 200);
    assert!(!accepted.is_empty() && !rejected.is_empty());
    for worker in ConsumerKind::ALL {
        let queued = queued(&system, worker).await;
        assert!(accepted.is_subset(&queued), "{worker:?} lacks what was accepted");
    }
    accepted_again(&api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_queue_is_declared_again() {
    let system = System::new().await;
    let gateway = system.gateway_with(&["--topology-check-interval=50ms"]).ready().await;
    system.broker.delete(ConsumerKind::Broadcaster).await;
    let queue = system.broker.names().queue(ConsumerKind::Broadcaster);
    eventually("the queue is there again", async || system.broker.depth(&queue).await).await;
    accepted_again(&gateway.api()).await;
    assert_eq!(queued(&system, ConsumerKind::Broadcaster).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_without_siblings_waits_for_no_commit_delay() {
    let system = System::new().await;
    let gateway = system.gateway_with(&["--commit-delay=100ms"]).ready().await;
    let api = gateway.api();
    let began = Instant::now();
    for _ in 0..50 {
        assert_eq!(api.send_as_player("p1", "hello").await.status, 202);
    }
    let delay = Duration::from_millis(100);
    assert!(began.elapsed() < 50 * delay, "each of 50 sends waited");
}

/// Sends from every thread at once, in waves: the queues exist and are empty, are missing at first,
/// or fill up. In each, a message is accepted if and only if both queues have it.
#[tokio::test(flavor = "multi_thread")]
async fn a_confirm_is_matched_to_its_own_publish() {
    const WAVES: usize = 12;
    const SENDS: usize = 500;
    let system = System::new().await;
    let limit = "--queue-max-bytes=50000";
    // Enough time for each confirm: after a timeout, a message with a 503 can be in both queues.
    let gateway = system.gateway_with(&[NO_CHECKS, limit, "--send-timeout=60s"]).ready().await;
    let (mut all_accepted, mut all_rejected) = (HashSet::new(), HashSet::new());
    let mut held: [HashSet<Uuid>; 2] = Default::default();
    for wave in 0..WAVES {
        if wave % 3 == 1 {
            for (worker, held) in ConsumerKind::ALL.into_iter().zip(&mut held) {
                held.extend(queued(&system, worker).await);
                system.broker.delete(worker).await;
            }
        }
        let (accepted, rejected) = send_at_once(&gateway.api(), SENDS).await;
        if accepted.is_empty() {
            accepted_again(&gateway.api()).await;
        }
        all_accepted.extend(accepted);
        all_rejected.extend(rejected);
        if wave % 3 != 0 {
            for (worker, held) in ConsumerKind::ALL.into_iter().zip(&mut held) {
                held.extend(queued(&system, worker).await);
            }
        }
    }
    for (worker, held) in ConsumerKind::ALL.into_iter().zip(&mut held) {
        held.extend(queued(&system, worker).await);
    }
    let in_both: HashSet<_> = held[0].intersection(&held[1]).copied().collect();
    assert_eq!(all_accepted.len() + all_rejected.len(), WAVES * SENDS);
    assert!(all_rejected.len() > 1_000, "only {} were rejected", all_rejected.len());
    let lost: Vec<_> = all_accepted.difference(&in_both).collect();
    assert!(lost.is_empty(), "{} of {} accepted are lost", lost.len(), all_accepted.len());
    let stored: Vec<_> = all_rejected.intersection(&in_both).collect();
    assert!(
        stored.is_empty(),
        "{} of {} rejected are in both queues",
        stored.len(),
        all_rejected.len()
    );
}

/// Sends until a message is rejected; returns the accepted and the rejected ones.
async fn fill(api: &Api) -> (HashSet<Uuid>, HashSet<Uuid>) {
    let (mut all_accepted, mut all_rejected) = (HashSet::new(), HashSet::new());
    eventually("the queue is full", async || {
        let (accepted, rejected) = send_at_once(api, 50).await;
        all_accepted.extend(accepted);
        all_rejected.extend(rejected);
        (!all_rejected.is_empty()).then_some(())
    })
    .await;
    (all_accepted, all_rejected)
}

async fn send_at_once(api: &Api, count: usize) -> (HashSet<Uuid>, HashSet<Uuid>) {
    let sends: Vec<_> = (0..count)
        .map(|_| {
            let api = api.clone();
            tokio::spawn(async move {
                let id = Uuid::new_v4();
                (id, api.send(&numbered(id)).await.status)
            })
        })
        .collect();
    let (mut accepted, mut rejected) = (HashSet::new(), HashSet::new());
    for send in sends {
        match send.await.unwrap() {
            (id, 202) => accepted.insert(id),
            (id, 503) => rejected.insert(id),
            (_, status) => panic!("{status}"),
        };
    }
    (accepted, rejected)
}

async fn accepted_again(api: &Api) {
    eventually("messages are accepted again", async || {
        (api.send_as_player("p1", "accepted").await.status == 202).then_some(())
    })
    .await;
}

/// Drains the messages of `worker`'s queue.
async fn queued(system: &System, worker: ConsumerKind) -> HashSet<Uuid> {
    let events = system.broker.drain_events(worker).await;
    let id = |event| match event {
        Event::Message(message) => Some(message.message_id),
        _ => None,
    };
    events.into_iter().filter_map(id).collect()
}

fn numbered(id: Uuid) -> Value {
    json!({ "messageId": id, "playerId": "p1", "senderType": "player", "content": "hello" })
}
