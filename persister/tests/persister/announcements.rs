use broker::ConsumerKind;
use chat::{
    RejectionReason, RequestedStatus, SenderType, SessionAction, SessionState, SessionStatus,
    StaffFacts, StatusChange, event::Event,
};
use test_support::{System, eventually, message_at, status_change};

use crate::support::{assignee, change, event, publish_each, session_change, system};

/// The sessions that were announced since the last call, oldest first.
async fn announced(system: &System) -> Vec<SessionState> {
    let events = system.broker.drain_events(ConsumerKind::Broadcaster).await;
    let session = |event| match event {
        Event::SessionUpdated(session) => Some(*session),
        _ => None,
    };
    events.into_iter().filter_map(session).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_assigning_and_resolving_are_announced_with_growing_versions() {
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
async fn a_further_message_announces_no_session_update() {
    let system = system().await;
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "hello", 1))]).await;
    system.work_off(1).await;
    announced(&system).await;
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "hello?", 2))]).await;
    system.work_off(1).await;
    assert_eq!(announced(&system).await, []);
}

/// The persister that wrote it may have died before it announced it.
#[tokio::test(flavor = "multi_thread")]
async fn a_redelivered_event_is_announced_again() {
    let system = system().await;
    let (hello, claim, resolved) = (
        message_at("p1", SenderType::Player, "hello", 1),
        session_change("p1", "ada", SessionAction::Claim(assignee("ada")), 2),
        status_change("p1", RequestedStatus::Resolved, 3),
    );
    let claim = Event::SessionChange(Box::new(claim));
    for delivered in [event(&hello), claim, change(&resolved)] {
        publish_each(&system, [delivered.clone()]).await;
        system.work_off(1).await;
        let first = announced(&system).await;
        publish_each(&system, [delivered]).await;
        system.work_off(1).await;
        assert_eq!(announced(&system).await, first);
    }
}

fn by(actor: &str, change: StatusChange) -> StatusChange {
    StatusChange {
        actor_id: Some(format!("{actor}@example.com").try_into().unwrap()),
        actor_name: Some(actor.to_owned().try_into().unwrap()),
        ..change
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_without_effect_is_announced_with_the_unchanged_session() {
    let system = system().await;
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "hello", 1))]).await;
    system.work_off(1).await;
    let session = announced(&system).await.remove(0);
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "wait", 2))]).await;
    let outdated = StatusChange {
        session_id: Some(session.id),
        last_seq: Some(1),
        ..status_change("p1", RequestedStatus::Resolved, 3)
    };
    let of_another = StatusChange {
        session_id: Some(uuid::Uuid::now_v7()),
        ..status_change("p1", RequestedStatus::Active, 4)
    };
    for stale in [outdated, of_another] {
        // A redelivered change is announced again.
        for _ in 0..2 {
            publish_each(&system, [change(&stale)]).await;
            system.work_off(1).await;
            let sessions = announced(&system).await;
            assert_eq!(sessions.len(), 1, "{sessions:?}");
            assert_eq!((sessions[0].id, sessions[0].status), (session.id, SessionStatus::Pending));
            assert_eq!(sessions[0].version, session.version);
            assert_eq!(sessions[0].staff.stale_change_ids, [stale.change_id]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolution_that_loses_its_effect_is_announced_with_the_reopened_session() {
    let system = system().await;
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "hello", 1))]).await;
    system.work_off(1).await;
    let opened = announced(&system).await.remove(0);
    let resolved = StatusChange {
        session_id: Some(opened.id),
        last_seq: Some(1),
        ..status_change("p1", RequestedStatus::Resolved, 3)
    };
    publish_each(&system, [change(&by("ada", resolved.clone()))]).await;
    system.work_off(1).await;
    assert_eq!(announced(&system).await[0].status, SessionStatus::Resolved);
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "wait", 2))]).await;
    system.work_off(1).await;
    let again = announced(&system).await.remove(0);
    assert_eq!((again.id, again.status), (opened.id, SessionStatus::Pending));
    assert_eq!(again.staff.stale_change_ids, [resolved.change_id]);
    assert_eq!(again.staff.actor_id, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_announced_with_the_member_of_the_staff_who_acted_last() {
    let system = system().await;
    let hello = event(&message_at("p1", SenderType::Player, "hello", 1));
    publish_each(&system, [hello]).await;
    system.work_off(1).await;
    assert_eq!(announced(&system).await[0].staff, StaffFacts::default());
    let steps = [
        by("ada", status_change("p1", RequestedStatus::Active, 2)),
        by("bo", status_change("p1", RequestedStatus::Active, 3)),
        by("ada", status_change("p1", RequestedStatus::Resolved, 4)),
    ];
    for step in steps {
        publish_each(&system, [change(&step)]).await;
        system.work_off(1).await;
        let session = announced(&system).await.remove(0);
        assert_eq!(session.staff.actor_id, step.actor_id);
        assert_eq!(session.staff.actor_name, step.actor_name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_two_players_with_one_id_are_two_messages() {
    let system = system().await;
    let first = message_at("p1", SenderType::Player, "mine", 1);
    let mut second = message_at("p2", SenderType::Player, "mine too", 2);
    second.message_id = first.message_id;
    publish_each(&system, [event(&first), event(&second), event(&second)]).await;
    system.work_off(1).await;
    assert_eq!(system.database.count_messages().await, 2);
    assert_eq!(system.database.count_sessions().await, 2);
    let events = system.broker.drain_events(ConsumerKind::Broadcaster).await;
    assert!(!events.iter().any(|event| matches!(event, Event::MessageRejected(_))), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_id_another_message_has_is_announced_as_rejected() {
    let system = system().await;
    let first = message_at("p1", SenderType::Player, "mine", 1);
    publish_each(&system, [event(&first)]).await;
    system.work_off(1).await;
    announced(&system).await;

    let others = ["other", "and another"].map(|content| {
        let mut other = message_at("p1", SenderType::Player, content, 2);
        other.message_id = first.message_id;
        event(&other)
    });
    publish_each(&system, others).await;
    system.work_off(1).await;
    let events = system.broker.drain_events(ConsumerKind::Broadcaster).await;
    let rejected: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::MessageRejected(rejected) => {
                Some((rejected.message_id, rejected.player_id.as_str(), rejected.reason))
            }
            _ => None,
        })
        .collect();
    assert_eq!(rejected, [(first.message_id, "p1", RejectionReason::MessageIdTaken); 2]);
    assert_eq!(system.database.count_messages().await, 1);
    let dead = system.broker.names().dead_letters(ConsumerKind::Persister);
    assert_eq!(system.broker.depth(&dead).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_change_whose_id_another_change_has_is_dropped_and_counted() {
    let system = system().await;
    let persister = system.persister().await;
    let taken = status_change("p1", RequestedStatus::Active, 1_000);
    let mut resolved = status_change("p1", RequestedStatus::Resolved, 2_000);
    resolved.change_id = taken.change_id;
    publish_each(&system, [change(&taken), change(&resolved)]).await;
    let api = persister.api();
    eventually("the conflict is counted", async || {
        (api.metric("chat_persister_conflicts_total").await == 1).then_some(())
    })
    .await;
    persister.stop().await;
    let kept = "SELECT status AS text FROM chat_status_changes";
    assert_eq!(system.database.texts(kept).await, ["active"]);
    let names = system.broker.names();
    for queue in [names.queue(ConsumerKind::Persister), names.dead_letters(ConsumerKind::Persister)]
    {
        assert_eq!(system.broker.depth(&queue).await, Some(0), "{queue}");
    }
}
