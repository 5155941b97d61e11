use shared::{
    broker::Worker,
    chat::{RequestedStatus, SenderType, SessionState, SessionStatus, event::Event},
};
use test_support::{System, message_at, status_change};

use crate::support::{change, event, publish_each, system};

/// What was announced since the last time, oldest first.
async fn announced(system: &System) -> Vec<SessionState> {
    let events = system.broker.drain_events(Worker::Broadcaster).await;
    let session = |event| match event {
        Event::SessionUpdated(session) => Some(session),
        _ => None,
    };
    events.into_iter().filter_map(session).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_taking_and_resolving_are_announced_with_growing_versions() {
    let system = system().await;
    let steps = [
        (event(&message_at("p1", SenderType::Player, "hello", 1)), SessionStatus::Pending),
        (change(&status_change("p1", RequestedStatus::Active, 2)), SessionStatus::Active),
        (change(&status_change("p1", RequestedStatus::Resolved, 3)), SessionStatus::Resolved),
    ];
    let mut version = 0;
    for (step, expected) in steps {
        publish_each(&system, [step]).await;
        system.work_off(1).await;
        let sessions = announced(&system).await;
        assert_eq!(sessions.len(), 1, "{sessions:?}");
        assert_eq!(sessions[0].status, expected);
        assert!(sessions[0].version > version);
        version = sessions[0].version;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_message_is_not_announced_as_a_change_of_its_session() {
    let system = system().await;
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "hello", 1))]).await;
    system.work_off(1).await;
    announced(&system).await;
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "hello?", 2))]).await;
    system.work_off(1).await;
    assert_eq!(announced(&system).await, []);
}

/// Whoever wrote it the first time may have died before it announced it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_delivered_again_is_announced_again() {
    let system = system().await;
    let (hello, resolved) = (
        message_at("p1", SenderType::Player, "hello", 1),
        status_change("p1", RequestedStatus::Resolved, 2),
    );
    for delivered in [event(&hello), change(&resolved)] {
        publish_each(&system, [delivered.clone()]).await;
        system.work_off(1).await;
        let first = announced(&system).await;
        publish_each(&system, [delivered]).await;
        system.work_off(1).await;
        assert_eq!(announced(&system).await, first);
    }
}
