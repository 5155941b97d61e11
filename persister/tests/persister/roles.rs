//! The rights of each role in the database. All other tests run gateways and persisters as these
//! roles.

use diesel::{QueryResult, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use test_support::{Database, Role};

const WRITES: [&str; 4] = [
    "INSERT INTO chat_conversations (player_id) VALUES ('p1')",
    "UPDATE chat_conversations SET last_seq = 1 WHERE player_id = 'p1'",
    "SELECT FROM chat_conversations WHERE player_id = 'p1' FOR UPDATE",
    "DELETE FROM chat_conversations WHERE player_id = 'p1'",
];

const SCHEMA_CHANGES: [&str; 4] = [
    "CREATE TABLE chat_other (id int)",
    "ALTER TABLE chat_messages ADD COLUMN other int",
    "DROP TABLE chat_messages",
    "TRUNCATE chat_messages",
];

async fn run(connection: &mut AsyncPgConnection, statement: &str) -> QueryResult<usize> {
    sql_query(statement).execute(connection).await
}

async fn assert_refused(connection: &mut AsyncPgConnection, statement: &str) {
    let outcome = run(connection, statement).await.map_err(|error| error.to_string());
    let is_permission = outcome
        .as_ref()
        .is_err_and(|text| text.contains("permission denied") || text.contains("must be owner"));
    assert!(is_permission, "{statement}: {outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reader_can_read_and_change_nothing() {
    let database = Database::create().await;
    let reader = &mut database.connect_as(Role::Reader).await;
    for table in ["chat_conversations", "chat_sessions", "chat_messages", "chat_reads"] {
        run(reader, &format!("SELECT FROM {table}")).await.unwrap();
    }
    for statement in WRITES.iter().chain(&SCHEMA_CHANGES) {
        assert_refused(reader, statement).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_writer_can_write_and_not_change_the_schema() {
    let database = Database::create().await;
    let writer = &mut database.connect_as(Role::Writer).await;
    for statement in WRITES {
        run(writer, statement).await.unwrap();
    }
    for statement in SCHEMA_CHANGES {
        assert_refused(writer, statement).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_a_later_migration_is_writable_by_the_writer_and_readable_by_the_reader() {
    let database = Database::create().await;
    let owner = &mut database.connect_as(Role::Owner).await;
    run(owner, "CREATE TABLE chat_later (id bigserial)").await.unwrap();
    let insert = "INSERT INTO chat_later DEFAULT VALUES";
    run(&mut database.connect_as(Role::Writer).await, insert).await.unwrap();
    let reader = &mut database.connect_as(Role::Reader).await;
    run(reader, "SELECT FROM chat_later").await.unwrap();
    assert_refused(reader, insert).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_another_user_migrated_is_handed_to_its_owner() {
    let database = Database::empty().await;
    database::migrate(&database.settings()).await.unwrap();
    let (_, rest) = database.url.split_once("://").unwrap();
    let password = rest.split([':', '@']).nth(1).unwrap();
    let settings = ["owner", "writer", "reader"]
        .map(|role| format!("SET chat.{role}_password = '{password}';"))
        .concat();
    let users = settings + include_str!("../../../deploy/database/users.sql");
    database.connect().await.batch_execute(&users).await.unwrap();
    let others = "SELECT tablename::text AS text FROM pg_tables
        WHERE schemaname = 'public' AND tableowner <> 'chat_owner'";
    assert!(database.texts(others).await.is_empty());
    let owner = &mut database.connect_as(Role::Owner).await;
    run(owner, "ALTER TABLE chat_messages ADD COLUMN other int").await.unwrap();
    let writer = &mut database.connect_as(Role::Writer).await;
    run(writer, "INSERT INTO chat_conversations (player_id) VALUES ('p1')").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_a_superuser_migrates_have_the_same_owner() {
    let database = Database::create().await;
    database
        .run("DELETE FROM __diesel_schema_migrations WHERE version LIKE '20261128000009%'")
        .await;
    assert_eq!(database::migrate(&database.settings()).await.unwrap().len(), 1);
    // Default privileges belong to the owner and not to the superuser.
    let of = "SELECT DISTINCT pg_get_userbyid(defaclrole)::text AS text FROM pg_default_acl
        WHERE pg_get_userbyid(defaclrole)::text NOT LIKE 'pg_%'";
    assert_eq!(database.texts(of).await, ["chat_owner"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_writer_can_only_insert_into_the_audit() {
    let database = Database::create().await;
    let owner = &mut database.connect_as(Role::Owner).await;
    run(owner, "CREATE TABLE IF NOT EXISTS chat_audit (id uuid)").await.unwrap();
    let again = "DELETE FROM __diesel_schema_migrations WHERE version LIKE '20261128000009%'";
    run(owner, again).await.unwrap();
    database::migrate(&database.settings_as(Role::Owner)).await.unwrap();
    let may = async |role: &str, privilege: &str| {
        let query =
            format!("SELECT has_table_privilege('{role}', 'chat_audit', '{privilege}')::int");
        database.number(&query).await == 1
    };
    assert!(may("chat_writer", "INSERT").await && may("chat_writer", "SELECT").await);
    for privilege in ["UPDATE", "DELETE", "TRUNCATE"] {
        assert!(!may("chat_writer", privilege).await, "{privilege}");
    }
    for privilege in ["INSERT", "SELECT", "UPDATE", "DELETE"] {
        assert!(!may("chat_reader", privilege).await, "{privilege}");
    }
}
