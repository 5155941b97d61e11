//! Events that the database never accepts, whatever the error, and outages that resemble them.

use broker::{ConsumerKind, dead_letters::DeadLetters};
use chat::{RequestedStatus, event::Event};
use diesel_async::SimpleAsyncConnection;
use test_support::{System, body, eventually, message, status_change};

use crate::support::{change, event, publish_each, system, until_persisted};

/// Makes the insert of a message whose content is `poison` execute `poison`, in PL/pgSQL.
async fn poison(system: &System, poison: &str) {
    let function = format!(
        "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF NEW.content = 'poison' THEN {poison}; END IF; RETURN NEW; END $$;
         CREATE TRIGGER poison BEFORE INSERT ON chat_messages
             FOR EACH ROW EXECUTE FUNCTION poison()"
    );
    system.database.connect().await.batch_execute(&function).await.unwrap();
}

/// A body with messages of eight players, of which one is poison.
fn mixed() -> Vec<u8> {
    let content = |number| if number == 5 { "poison" } else { "good" };
    body((0..8).map(|number| event(&message(&format!("p{number}"), content(number)))))
}

async fn dead_letters(system: &System) -> DeadLetters {
    DeadLetters::open(&system.broker.settings(), ConsumerKind::Persister).await.unwrap()
}

async fn until_dead(system: &System, letters: u32) {
    let dead = system.broker.names().dead_letters(ConsumerKind::Persister);
    eventually("the poison is set aside", async || {
        (system.broker.depth(&dead).await == Some(letters)).then_some(())
    })
    .await;
}

/// Asserts that the poison of a mixed body is set aside for `reason`, that the other events are
/// persisted, and that a replay persists the poison once its cause is removed.
async fn assert_set_aside(poison: &str, reason: &str, settings: &[&str]) {
    let system = system().await;
    self::poison(&system, poison).await;
    let persister = system.persister_with(settings).ready().await;
    system.broker.publish(&mixed()).await;
    until_persisted(&system, 7).await;
    until_dead(&system, 1).await;
    publish_each(&system, [event(&message("p30", "behind"))]).await;
    until_persisted(&system, 8).await;
    let api = persister.api();
    assert_eq!(api.metric(r#"chat_persister_dead_letters_total{reason="refused"}"#).await, 1);
    let letters = dead_letters(&system).await.list(10).await.unwrap();
    assert!(letters[0].reason.contains(reason), "{}", letters[0].reason);

    system.database.run("DROP TRIGGER poison ON chat_messages").await;
    assert_eq!(dead_letters(&system).await.replay(usize::MAX).await.unwrap(), 1);
    until_persisted(&system, 9).await;
    persister.stop().await;
    assert_eq!(system.database.count_sessions().await, 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_raises_an_unknown_error_is_set_aside_alone() {
    assert_set_aside("RAISE EXCEPTION 'no such luck' USING ERRCODE = 'ZZ999'", "no such luck", &[])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_exceeds_the_statement_timeout_is_set_aside_alone() {
    let settings = &["--database-timeout=2s"];
    assert_set_aside("PERFORM pg_sleep(60)", "statement timeout", settings).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_ends_its_connection_is_set_aside_alone() {
    let terminate = "PERFORM pg_terminate_backend(pg_backend_pid())";
    assert_set_aside(terminate, "connection closed", &[]).await;
}

/// Each attempt takes longer than an accepted write counts as proof.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_violates_a_constraint_slowly_is_set_aside_alone() {
    let refuse =
        "PERFORM pg_sleep(6); RAISE EXCEPTION 'too slow' USING ERRCODE = 'check_violation'";
    assert_set_aside(refuse, "too slow", &["--database-timeout=20s"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_set_aside_while_the_database_accepts_none() {
    for (outage, end) in [
        (
            "CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 RAISE EXCEPTION 'never' USING ERRCODE = 'ZZ999'; END $$;
             CREATE TRIGGER never BEFORE INSERT ON chat_messages
                 FOR EACH ROW EXECUTE FUNCTION never()",
            "DROP TRIGGER never ON chat_messages",
        ),
        (
            "ALTER TABLE chat_messages ADD CONSTRAINT never CHECK (false) NOT VALID",
            "ALTER TABLE chat_messages DROP CONSTRAINT never",
        ),
        (
            "ALTER TABLE chat_status_changes RENAME TO gone",
            "ALTER TABLE gone RENAME TO chat_status_changes",
        ),
        (
            "ALTER TABLE chat_messages ADD COLUMN required text,
                ADD CONSTRAINT required CHECK (required IS NOT NULL) NOT VALID",
            "ALTER TABLE chat_messages DROP COLUMN required",
        ),
    ] {
        assert_nothing_set_aside(outage, end).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_set_aside_while_the_database_is_read_only() {
    let set = "DO $$ BEGIN EXECUTE format(
        'ALTER DATABASE %I SET default_transaction_read_only = VALUE', current_database()); END $$";
    // Existing connections keep the old setting.
    let disconnect = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let outage = format!("{}; {disconnect}", set.replace("VALUE", "on"));
    let end = format!("BEGIN READ WRITE; {}; COMMIT; {disconnect}", set.replace("VALUE", "off"));
    assert_nothing_set_aside(&outage, &end).await;
}

/// Asserts that no event is set aside during the `outage`, and that all are persisted after its
/// `end`. Both are SQL.
async fn assert_nothing_set_aside(outage: &str, end: &str) {
    let system = system().await;
    let persister = system.persister().await;
    publish_each(&system, [event(&message("p1", "before"))]).await;
    until_persisted(&system, 1).await;
    let mut connection = system.database.connect().await;
    connection.batch_execute(outage).await.unwrap();
    system.broker.publish(&mixed()).await;
    let asked = change(&status_change("p2", RequestedStatus::Active, 1_000));
    publish_each(&system, [asked, event(&message("p1", "alone"))]).await;
    let api = persister.api();
    eventually("the persister waits for its database", async || {
        let ready = api.get("/health/ready").await;
        let failures = api.metric("chat_persister_database_failures_total").await;
        (ready.json["dependencies"]["database"] == "down" && failures >= 3).then_some(())
    })
    .await;
    let mut connection = system.database.connect().await;
    connection.batch_execute(end).await.unwrap();
    let dead = system.broker.names().dead_letters(ConsumerKind::Persister);
    eventually(&format!("all is persisted after {outage}"), async || {
        let persisted = system.database.count_messages().await;
        assert_eq!(system.broker.depth(&dead).await, Some(0), "{outage}");
        (persisted == 10).then_some(())
    })
    .await;
    persister.stop().await;
    system.work_off(1).await;
    let dead = system.broker.names().dead_letters(ConsumerKind::Persister);
    assert_eq!(system.broker.depth(&dead).await, Some(0), "{outage}");
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_status_changes_are_written_in_one_batch() {
    let system = system().await;
    let settings = ["--batch-max-events=5000", "--batch-max-wait=1s"];
    let persister = system.persister_with(&settings).ready().await;
    for part in 0..17 {
        let changes = (0..1_000).map(|number| {
            let player = format!("p{}", number % 50);
            change(&status_change(&player, RequestedStatus::Active, part * 1_000 + number))
        });
        system.broker.publish(&body(changes)).await;
    }
    eventually("all are written", async || {
        let written = system.database.number("SELECT count(*) FROM chat_status_changes").await;
        (written == 17_000).then_some(())
    })
    .await;
    let api = persister.api();
    assert_eq!(api.metric("chat_persister_database_failures_total").await, 0);
    persister.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_conversation_delays_only_its_own_players_messages() {
    let system = system().await;
    publish_each(&system, [event(&message("p1", "before"))]).await;
    let persister = system.persister().await;
    until_persisted(&system, 1).await;
    let mut other = system.database.connect().await;
    let hold = "BEGIN; SET idle_in_transaction_session_timeout = 0;
                SELECT FROM chat_conversations WHERE player_id = 'p1' FOR NO KEY UPDATE";
    other.batch_execute(hold).await.unwrap();

    let mut expected = 1;
    // More bodies have such an event than a persister holds back.
    for number in 0..150 {
        let locked = event(&message("p1", &format!("{number}")));
        let free = event(&message(&format!("p{}", number + 2), "hello"));
        system.broker.publish(&body([locked, free])).await;
        expected += 1;
    }
    until_persisted(&system, expected).await;
    let api = persister.api();
    // The metric is 0 while the events are being compacted.
    eventually("events are held back", async || {
        (api.metric("chat_persister_held_back_events").await > 0).then_some(())
    })
    .await;

    other.batch_execute("COMMIT").await.unwrap();
    until_persisted(&system, expected + 150).await;
    eventually("no event is held back", async || {
        (api.metric("chat_persister_held_back_events").await == 0).then_some(())
    })
    .await;
    persister.stop().await;
    let names = system.broker.names();
    for queue in [names.queue(ConsumerKind::Persister), names.dead_letters(ConsumerKind::Persister)]
    {
        assert_eq!(system.broker.depth(&queue).await, Some(0), "{queue}");
    }
    let rows = "SELECT max(seq) - count(*) FROM chat_messages WHERE player_id = 'p1'";
    assert_eq!(system.database.number(rows).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_session_delays_only_its_own_players_messages() {
    let system = system().await;
    let persister = system.persister().await;
    publish_each(&system, ["p1", "p2"].map(|player| event(&message(player, "before")))).await;
    until_persisted(&system, 2).await;
    let mut other = system.database.connect().await;
    let hold = "BEGIN; SET idle_in_transaction_session_timeout = 0;
                SELECT FROM chat_sessions WHERE player_id = 'p1' FOR NO KEY UPDATE";
    other.batch_execute(hold).await.unwrap();
    let take = |player: &str| {
        change(&status_change(player, RequestedStatus::Active, chat::now().timestamp_micros()))
    };
    let events: [Event; 2] = [take("p1"), take("p2")];
    system.broker.publish(&body(events)).await;
    let active = "SELECT count(*) FROM chat_sessions WHERE status = 'active'";
    eventually("the other session is assigned", async || {
        (system.database.number(active).await == 1).then_some(())
    })
    .await;
    other.batch_execute("COMMIT").await.unwrap();
    eventually("both sessions are assigned", async || {
        (system.database.number(active).await == 2).then_some(())
    })
    .await;
    persister.stop().await;
}

/// PostgreSQL would cancel a statement that reads or moves all messages.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_resolution_of_a_long_session_is_written_in_steps() {
    let system = system().await;
    let count = 25_000;
    let opening = message("p1", "first");
    publish_each(&system, [event(&opening)]).await;
    system.work_off(1).await;
    let fill = format!(
        "INSERT INTO chat_messages
             (id, session_id, player_id, seq, sender_type, content, accepted_at)
         SELECT gen_random_uuid(), m.session_id, 'p1', 1 + n, 'player', 'n',
             m.accepted_at + n * interval '1 millisecond'
         FROM chat_messages m, generate_series(1, {count}) AS n;
         UPDATE chat_conversations SET last_seq = 1 + {count}, last_message_at =
             (SELECT max(accepted_at) FROM chat_messages)"
    );
    let mut connection = system.database.connect().await;
    connection.batch_execute(&fill).await.unwrap();
    let mut late = status_change("p1", RequestedStatus::Resolved, 0);
    late.accepted_at = opening.accepted_at + chrono::TimeDelta::seconds(10);
    let persister = system.persister().await;
    publish_each(&system, [change(&late)]).await;
    let of = |status: &str| {
        format!(
            "SELECT count(*) FROM chat_messages m JOIN chat_sessions s ON s.id = m.session_id
             WHERE s.status = '{status}'"
        )
    };
    eventually("the messages are moved", async || {
        (system.database.number(&of("pending")).await == count - 10_000).then_some(())
    })
    .await;
    assert_eq!(system.database.number(&of("resolved")).await, 10_001);
    let sessions = "SELECT count(*) FROM chat_sessions s WHERE opened_at =
        (SELECT min(accepted_at) FROM chat_messages m WHERE m.session_id = s.id)";
    assert_eq!(system.database.number(sessions).await, 2);
    let api = persister.api();
    assert_eq!(api.metric("chat_persister_database_failures_total").await, 0);
    persister.stop().await;
}
