use std::time::{Duration, Instant};

use diesel_async::SimpleAsyncConnection;
use test_support::Database;

#[tokio::test(flavor = "multi_thread")]
async fn migrating_beside_others_is_done_once() {
    let database = Database::empty().await;
    let (one, other) = (database.settings(), database.settings());
    let one = tokio::spawn(async move { database::migrate(&one).await.unwrap() });
    let other = tokio::spawn(async move { database::migrate(&other).await.unwrap() });
    let applied = one.await.unwrap().len() + other.await.unwrap().len();
    let recorded = database.number("SELECT count(*) FROM __diesel_schema_migrations").await;
    assert_eq!(i64::try_from(applied).unwrap(), recorded);
    assert!(database::migrate(&database.settings()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_select_waits_a_moment_at_most_behind_a_migration_that_waits_for_a_lock() {
    let database = Database::empty().await;
    // The first migration that changes a table which is there.
    let before = "CREATE TABLE chat_messages (content text CONSTRAINT chat_messages_content_check
        CHECK (true)); CREATE TABLE chat_conversations (player_id text);
        CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY,
            run_on timestamp NOT NULL DEFAULT now());
        INSERT INTO __diesel_schema_migrations (version) VALUES ('20261124000001')";
    database.connect().await.batch_execute(before).await.unwrap();
    let mut reader = database.connect().await;
    let hold = "BEGIN; SET idle_in_transaction_session_timeout = 0; SELECT FROM chat_messages";
    reader.batch_execute(hold).await.unwrap();
    let settings = database.settings();
    let migrating = tokio::spawn(async move { database::migrate(&settings).await });
    let mut waited = false;
    let mut slowest = Duration::ZERO;
    let began = Instant::now();
    while !waited || began.elapsed() < Duration::from_secs(3) {
        let asked = Instant::now();
        database.number("SELECT count(*) FROM chat_messages").await;
        slowest = slowest.max(asked.elapsed());
        let waiting = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        waited |= database.number(waiting).await > 0;
    }
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    reader.batch_execute("COMMIT").await.unwrap();
    let applied = migrating.await.unwrap().unwrap();
    assert!(!applied.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_utf_8_is_refused() {
    let database = Database::empty_with("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0").await;
    let refusal = database::migrate(&database.settings()).await.unwrap_err().to_string();
    assert!(refusal.contains("LATIN1") && refusal.contains("must be UTF8"), "{refusal}");
}
