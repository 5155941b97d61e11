use std::time::{Duration, Instant};

use diesel_async::SimpleAsyncConnection;
use test_support::Database;

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_migrations_apply_each_migration_once() {
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
async fn a_migration_that_waits_for_a_lock_delays_selects_only_briefly() {
    let database = Database::create().await;
    // The schema before a migration that alters a table.
    let before = "ALTER TABLE chat_conversations DROP COLUMN archived_through;
        DROP TABLE chat_archived_messages;
        DELETE FROM __diesel_schema_migrations WHERE version = '20261125000003'";
    database.connect().await.batch_execute(before).await.unwrap();
    let mut reader = database.connect().await;
    let hold = "BEGIN; SET idle_in_transaction_session_timeout = 0; SELECT FROM chat_conversations";
    reader.batch_execute(hold).await.unwrap();
    let settings = database.settings();
    let migrating = tokio::spawn(async move { database::migrate(&settings).await });
    let mut waited = false;
    let mut slowest = Duration::ZERO;
    let began = Instant::now();
    while !waited || began.elapsed() < Duration::from_secs(3) {
        let asked = Instant::now();
        database.count_conversations().await;
        slowest = slowest.max(asked.elapsed());
        let waiting = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        waited |= database.number(waiting).await > 0;
    }
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    reader.batch_execute("COMMIT").await.unwrap();
    let applied = migrating.await.unwrap().unwrap();
    assert_eq!(applied, ["20261125000003"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_contains_player_id() {
    let database = Database::create().await;
    let mut connection = database.connect().await;
    assert_eq!(database::keys_without_player(&mut connection).await.unwrap(), [""; 0]);
    let keys = "CREATE UNIQUE INDEX by_id ON chat_sessions (id);
        ALTER TABLE chat_messages ADD CONSTRAINT by_session
            FOREIGN KEY (session_id) REFERENCES chat_sessions (id)";
    connection.batch_execute(keys).await.unwrap();
    let without_player = database::keys_without_player(&mut connection).await.unwrap();
    assert_eq!(without_player, ["by_id", "by_session"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_whose_creation_was_interrupted_is_created_again() {
    let database = Database::create().await;
    // As CREATE INDEX CONCURRENTLY leaves an index behind when it is interrupted.
    let interrupt = "UPDATE pg_index SET indisvalid = false
            WHERE indexrelid = 'chat_conversations_open'::regclass;
        DELETE FROM __diesel_schema_migrations WHERE version = '20261129000010'";
    database.connect().await.batch_execute(interrupt).await.unwrap();
    assert_eq!(database::migrate(&database.settings()).await.unwrap(), ["20261129000010"]);
    let valid = "SELECT count(*) FROM pg_index
        WHERE indexrelid = 'chat_conversations_open'::regclass AND indisvalid";
    assert_eq!(database.number(valid).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_utf_8_is_refused() {
    let database = Database::empty_with("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0").await;
    let refusal = database::migrate(&database.settings()).await.unwrap_err().to_string();
    assert!(refusal.contains("LATIN1") && refusal.contains("must be UTF8"), "{refusal}");
}
