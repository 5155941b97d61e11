use chat::{Message, RequestedStatus, SenderType, StatusChange};
use futures_util::future::join_all;
use test_support::{System, body, message, message_at, status_change};
use uuid::Uuid;

use crate::support::{
    change, event, publish_each, sessions, system, until_persisted, until_waiting,
};

const SEQ_GAPS: &str = "SELECT count(*) FROM (
    SELECT player_id FROM chat_messages GROUP BY player_id
    HAVING max(seq) <> count(*) OR min(seq) <> 1
) AS with_gaps";

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_first_messages_through_three_persisters_make_one_session() {
    let system = system().await;
    let messages = (0..100).map(|number| event(&message("p1", &format!("message {number}"))));
    publish_each(&system, messages).await;
    system.work_off(3).await;
    assert_eq!(sessions(&system).await, ["pending:100"]);
    assert_eq!(system.database.number(SEQ_GAPS).await, 0);
    assert_eq!(system.database.number("SELECT max(seq) FROM chat_messages").await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_message_fifty_times_is_one_row_and_the_first_is_kept() {
    let system = system().await;
    let first = message("p1", "the first");
    let repeats = (0..50).map(|_| event(&first));
    publish_each(&system, repeats).await;
    system.work_off(3).await;
    assert_eq!(sessions(&system).await, ["pending:1"]);
    assert_eq!(system.database.number("SELECT max(seq) FROM chat_messages").await, 1);
    let mut again = first.clone();
    again.accepted_at += chrono::TimeDelta::seconds(9);
    publish_each(&system, [event(&again)]).await;
    system.work_off(1).await;
    let kept = "SELECT count(*) FROM chat_messages WHERE accepted_at = to_timestamp(";
    let micros = first.accepted_at.timestamp_micros();
    assert_eq!(system.database.number(&format!("{kept}{micros}::numeric / 1000000)")).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_that_arrives_after_its_session_was_resolved_opens_no_session() {
    let system = system().await;
    let first = message_at("p1", SenderType::Player, "hello", 1_000);
    let resolved = status_change("p1", RequestedStatus::Resolved, 2_000);
    publish_each(&system, [event(&first), change(&resolved)]).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["resolved:1"]);

    let mut again = first;
    again.accepted_at += chrono::TimeDelta::seconds(9);
    publish_each(&system, [event(&again), change(&resolved)]).await;
    system.work_off(2).await;
    assert_eq!(sessions(&system).await, ["resolved:1"]);
}

/// With so many changes an unstable sort by id would not keep the first before the second.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_of_several_changes_with_one_id_is_kept() {
    let system = system().await;
    let mut firsts: Vec<_> =
        (0..50).map(|at| status_change("p1", RequestedStatus::Active, at)).collect();
    firsts.reverse();
    let again = firsts.iter().map(|first| StatusChange {
        accepted_at: first.accepted_at + chrono::TimeDelta::seconds(9),
        ..first.clone()
    });
    let again: Vec<_> = again.collect();
    system.broker.publish(&body(firsts.iter().chain(&again).map(change))).await;
    system.work_off(1).await;
    let latest = "SELECT max(extract(epoch FROM accepted_at) * 1000000) FROM chat_status_changes";
    assert_eq!(system.database.number(latest).await, 49);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_message_after_a_resolution_opens_a_session_and_seq_continues() {
    let system = system().await;
    let events = [
        event(&message_at("p1", SenderType::Player, "hello", 1_000)),
        event(&message_at("p1", SenderType::Staff, "hi", 2_000)),
        change(&status_change("p1", RequestedStatus::Resolved, 3_000)),
        event(&message_at("p1", SenderType::Player, "once more", 4_000)),
    ];
    publish_each(&system, events).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["resolved:2", "pending:1"]);
    let last = system.database.number("SELECT seq FROM chat_messages WHERE content = 'once more'");
    assert_eq!(last.await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_accepted_before_the_resolution_belongs_to_the_resolved_session() {
    let system = system().await;
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "first", 1_000))]).await;
    system.work_off(1).await;
    publish_each(&system, [change(&status_change("p1", RequestedStatus::Resolved, 3_000))]).await;
    system.work_off(1).await;
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "late", 2_000))]).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["resolved:2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolution_that_arrives_before_its_session_still_ends_it() {
    let system = system().await;
    publish_each(&system, [change(&status_change("p1", RequestedStatus::Resolved, 2_000))]).await;
    system.work_off(1).await;
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "late", 1_000))]).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["resolved:1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_resolution_leaves_later_messages_in_an_open_session() {
    let system = system().await;
    let messages = [
        event(&message_at("p1", SenderType::Player, "before", 1_000)),
        event(&message_at("p1", SenderType::Staff, "answer", 1_500)),
        event(&message_at("p1", SenderType::Player, "after", 3_000)),
    ];
    publish_each(&system, messages).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["active:3"]);
    publish_each(&system, [change(&status_change("p1", RequestedStatus::Resolved, 2_000))]).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["resolved:2", "pending:1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_one_batch_are_numbered_by_acceptance_time() {
    let system = system().await;
    let order = [3, 1, 2].map(|at| message_at("p1", SenderType::Player, &format!("{at}"), at));
    system.broker.publish(&body(order.iter().map(event))).await;
    system.work_off(1).await;
    let by_seq = "SELECT content AS text FROM chat_messages ORDER BY seq";
    assert_eq!(system.database.texts(by_seq).await, ["1", "2", "3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn persisters_with_the_same_players_in_opposite_orders_do_not_deadlock() {
    let system = system().await;
    let players: Vec<_> = (0..40).map(|number| format!("p{number}")).collect();
    for round in 0..10 {
        let mut order = players.clone();
        if round % 2 == 1 {
            order.reverse();
        }
        let messages = order.iter().map(|player| event(&message(player, "hello")));
        system.broker.publish(&body(messages)).await;
    }
    system.work_off(2).await;
    assert_eq!(system.database.count_messages().await, 400);
    assert_eq!(system.database.number(SEQ_GAPS).await, 0);
    assert_eq!(sessions(&system).await, vec!["pending:10"; 40]);
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(system.database.number(deadlocks).await, 0);
}

/// Two persisters work on the same conversation at once: the table that a batch writes last is
/// locked until both have begun.
#[tokio::test(flavor = "multi_thread")]
async fn only_one_persister_at_a_time_changes_a_conversation() {
    let system = system().await;
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "first", 1_000))]).await;
    system.work_off(1).await;
    let persisters = [system.persister().await, system.persister().await];
    let lock = system.database.lock("chat_messages").await;
    // RabbitMQ delivers to the persisters in turn; the first must have begun before the second.
    let held = [
        event(&message_at("p1", SenderType::Staff, "second", 3_000)),
        change(&status_change("p1", RequestedStatus::Resolved, 5_000)),
    ];
    for (waiting, held) in (1..).zip(held) {
        publish_each(&system, [held]).await;
        until_waiting(&system, waiting).await;
    }
    drop(lock);
    until_persisted(&system, 2).await;
    for persister in persisters {
        persister.stop().await;
    }
    system.work_off(1).await;
    let session = "SELECT status || ' ' || version || ' '
        || extract(epoch FROM last_message_at)::numeric(9, 3) AS text FROM chat_sessions";
    assert_eq!(system.database.texts(session).await, ["resolved 3 0.003"]);
}

/// The sessions follow from the order of acceptance, whatever the order of arrival, the
/// distribution over bodies and the number of persisters.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_do_not_depend_on_the_order_of_arrival() {
    let player = SenderType::Player;
    let events = [
        event(&message_at("p1", player, "a", 1_000)),
        event(&message_at("p1", SenderType::Staff, "b", 2_000)),
        change(&status_change("p1", RequestedStatus::Resolved, 3_000)),
        change(&status_change("p1", RequestedStatus::Resolved, 4_000)),
        event(&message_at("p1", player, "c", 5_000)),
        event(&message_at("p1", player, "d", 6_000)),
        change(&status_change("p1", RequestedStatus::Active, 7_000)),
        change(&status_change("p1", RequestedStatus::Resolved, 8_000)),
        event(&message_at("p1", player, "e", 9_000)),
        change(&status_change("p1", RequestedStatus::Active, 10_000)),
        event(&message_at("p1", player, "f", 11_000)),
    ];
    let runs = (0..12_usize).map(|seed| {
        let mut events = events.to_vec();
        async move {
            let system = system().await;
            // A fixed shuffle for each seed; some events arrive twice.
            events.extend(events.clone().into_iter().step_by(seed % 3 + 2));
            let size = events.len();
            for position in 0..size {
                events.swap(position, (position * 7 + seed * 5 + 3) % size);
            }
            for events in events.chunks(seed % 4 + 1) {
                system.broker.publish(&body(events.to_vec())).await;
            }
            system.work_off(seed % 3 + 1).await;
            let partition = system
                .database
                .texts(
                    "SELECT s.status || ' ' || string_agg(m.content, '' ORDER BY m.accepted_at)
                         || ' ' || extract(epoch FROM s.opened_at)::numeric(9, 3)
                         || ' ' || extract(epoch FROM CASE WHEN s.resolved_at IS NULL
                             THEN c.last_message_at ELSE s.last_message_at END)::numeric(9, 3)
                         || ' ' || coalesce(extract(epoch FROM s.resolved_at)::numeric(9, 3), 0)
                     AS text FROM chat_sessions s JOIN chat_messages m
                         ON m.player_id = s.player_id AND m.session_id = s.id
                     JOIN chat_conversations c ON c.player_id = s.player_id
                     GROUP BY s.player_id, s.id, c.player_id ORDER BY s.opened_at",
                )
                .await;
            (seed, partition, system.database.number(SEQ_GAPS).await)
        }
    });
    for (seed, partition, gaps) in join_all(runs).await {
        assert_eq!(
            partition,
            [
                "resolved ab 0.001 0.002 0.003",
                "resolved cd 0.005 0.006 0.008",
                "active ef 0.009 0.011 0"
            ],
            "seed {seed}"
        );
        assert_eq!(gaps, 0, "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_messages_take_one_transaction() {
    let system = system().await;
    let messages = (0..500).map(|number| event(&message(&format!("p{number}"), "hello")));
    system.broker.publish(&body(messages)).await;
    system.work_off(1).await;
    let transactions = "SELECT count(DISTINCT xmin::text) FROM chat_messages";
    assert_eq!(system.database.number(transactions).await, 1);
}

/// The last message of an open session is in its conversation's row.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_changes_nothing_of_its_session_does_not_update_its_row() {
    let system = system().await;
    let persister = system.persister().await;
    let rows = async || {
        let versions = "SELECT xmin || ' ' || version AS text FROM chat_sessions";
        system.database.texts(versions).await
    };
    publish_each(&system, [event(&message("p1", "My sword is gone"))]).await;
    until_persisted(&system, 1).await;
    let before = rows().await;
    publish_each(&system, [event(&message("p1", "It was blue"))]).await;
    until_persisted(&system, 2).await;
    assert_eq!(rows().await, before);
    let answer = message("p1", "It is in the bank");
    publish_each(&system, [event(&Message { sender_type: SenderType::Staff, ..answer })]).await;
    until_persisted(&system, 3).await;
    assert_ne!(rows().await, before, "the session is active now");
    persister.stop().await;
}

/// The stored changes, by time, as `status:effective`.
async fn changes(system: &System) -> Vec<String> {
    let changes = "SELECT status || ':' || effective AS text FROM chat_status_changes \
                   ORDER BY accepted_at";
    system.database.texts(changes).await
}

async fn latest_session(system: &System) -> Uuid {
    let latest = "SELECT session_id::text AS text FROM chat_conversations";
    system.database.texts(latest).await.remove(0).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_resolutions_does_not_end_the_session_opened_in_between() {
    let system = system().await;
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "hello", 1_000))]).await;
    system.work_off(1).await;
    let session_id = Some(latest_session(&system).await);
    let resolve = |at| StatusChange {
        session_id,
        last_seq: Some(1),
        ..status_change("p1", RequestedStatus::Resolved, at)
    };
    let events = [
        change(&resolve(2_000)),
        event(&message_at("p1", SenderType::Player, "one more thing", 3_000)),
        change(&resolve(4_000)),
    ];
    publish_each(&system, events).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["resolved:1", "pending:1"]);
    assert_eq!(changes(&system).await, ["resolved:true", "resolved:false"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolution_whose_author_had_not_seen_the_last_message_leaves_the_session_open() {
    let system = system().await;
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "hello", 1_000))]).await;
    system.work_off(1).await;
    let resolved = StatusChange {
        session_id: Some(latest_session(&system).await),
        last_seq: Some(1),
        ..status_change("p1", RequestedStatus::Resolved, 3_000)
    };
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "wait", 2_000))]).await;
    system.work_off(1).await;
    publish_each(&system, [change(&resolved)]).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["pending:2"]);
    assert_eq!(changes(&system).await, ["resolved:false"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_on_its_way_during_a_resolution_reopens_its_session() {
    let system = system().await;
    let taken =
        StatusChange { last_seq: Some(1), ..status_change("p1", RequestedStatus::Active, 1_500) };
    let first = event(&message_at("p1", SenderType::Player, "hello", 1_000));
    publish_each(&system, [first, change(&taken)]).await;
    system.work_off(1).await;
    let resolved = StatusChange {
        session_id: Some(latest_session(&system).await),
        last_seq: Some(1),
        ..status_change("p1", RequestedStatus::Resolved, 3_000)
    };
    publish_each(&system, [change(&resolved)]).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["resolved:1"]);
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "wait", 2_000))]).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["active:2"], "it was assigned before");
    assert_eq!(changes(&system).await, ["active:true", "resolved:false"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_staff_message_after_a_resolution_leaves_the_conversation_resolved() {
    let system = system().await;
    let events = [
        event(&message_at("p1", SenderType::Player, "hello", 1_000)),
        change(&status_change("p1", RequestedStatus::Resolved, 2_000)),
        event(&message_at("p1", SenderType::Staff, "goodbye", 3_000)),
    ];
    publish_each(&system, events).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["resolved:2"]);
    let conversation = "SELECT status || ' ' || content AS text FROM chat_conversations c \
                        JOIN chat_messages m ON m.id = c.last_message_id";
    assert_eq!(system.database.texts(conversation).await, ["resolved goodbye"]);

    publish_each(&system, [event(&message_at("p1", SenderType::Player, "again", 4_000))]).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["resolved:2", "pending:1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_moves_to_the_session_that_a_late_message_opens() {
    let system = system().await;
    let events = [
        event(&message_at("p1", SenderType::Player, "hello", 1_000)),
        change(&status_change("p1", RequestedStatus::Resolved, 2_000)),
        event(&message_at("p1", SenderType::Staff, "goodbye", 3_000)),
        event(&message_at("p1", SenderType::Staff, "yes?", 5_000)),
    ];
    publish_each(&system, events).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["resolved:3"]);
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "wait", 4_000))]).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["resolved:2", "active:2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_staff_message_does_not_change_the_players_name() {
    let system = system().await;
    let called = |sender_type, name: &str, at| Message {
        player_name: Some(name.to_owned().try_into().unwrap()),
        ..message_at("p1", sender_type, "hello", at)
    };
    let player = event(&called(SenderType::Player, "Ada", 1_000));
    publish_each(&system, [player, event(&called(SenderType::Staff, "Bo", 2_000))]).await;
    system.work_off(1).await;
    let names = "SELECT player_name AS text FROM chat_sessions";
    assert_eq!(system.database.texts(names).await, ["Ada"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_reopens_a_resolved_session_and_the_player_continues_in_it() {
    let system = system().await;
    let events = [
        event(&message_at("p1", SenderType::Player, "hello", 1_000)),
        change(&status_change("p1", RequestedStatus::Resolved, 2_000)),
        event(&message_at("p1", SenderType::Staff, "goodbye", 3_000)),
    ];
    publish_each(&system, events).await;
    system.work_off(1).await;
    let reopened = StatusChange {
        session_id: Some(latest_session(&system).await),
        last_seq: Some(2),
        ..status_change("p1", RequestedStatus::Active, 4_000)
    };
    publish_each(&system, [change(&reopened)]).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["active:2"]);
    assert_eq!(changes(&system).await, ["resolved:false", "active:true"]);
    publish_each(&system, [event(&message_at("p1", SenderType::Player, "thanks", 5_000))]).await;
    system.work_off(1).await;
    assert_eq!(sessions(&system).await, ["active:3"]);
    assert_eq!(system.database.number("SELECT unanswered FROM chat_conversations").await, 1);
}
