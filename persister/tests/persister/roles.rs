//! The rights of each role in the database. All other tests run gateways and persisters as these
//! roles.

use std::{collections::BTreeSet, process::Command};

use diesel::{QueryResult, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use test_support::{Database, Role};
use tokio::sync::Mutex;

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

/// Runs `deploy/database/users.sql` for these users, with the password of the server.
async fn create_users(database: &Database, users: &[&str]) {
    // Users belong to the server, which refuses two changes of one of them at once.
    static CHANGING: Mutex<()> = Mutex::const_new(());
    let _changing = CHANGING.lock().await;
    let (_, rest) = database.url.split_once("://").unwrap();
    let password = rest.split([':', '@']).nth(1).unwrap();
    let settings = users.iter().map(|user| format!("SET chat.{user}_password = '{password}';"));
    let script = settings.collect::<String>() + include_str!("../../../deploy/database/users.sql");
    database.connect().await.batch_execute(&script).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_another_user_migrated_is_handed_to_its_owner() {
    let database = Database::empty().await;
    database::migrate(&database.settings()).await.unwrap();
    create_users(&database, &["owner", "writer", "reader"]).await;
    let others = "SELECT tablename::text AS text FROM pg_tables
        WHERE schemaname = 'public' AND tableowner <> 'chat_owner'";
    assert!(database.texts(others).await.is_empty());
    let owner = &mut database.connect_as(Role::Owner).await;
    run(owner, "ALTER TABLE chat_messages ADD COLUMN other int").await.unwrap();
    let writer = &mut database.connect_as(Role::Writer).await;
    run(writer, "INSERT INTO chat_conversations (player_id) VALUES ('p1')").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_the_predecessor_stay_its_own_when_the_users_are_created() {
    let database = Database::empty().await;
    database.run("CREATE TABLE chat_messages (id text)").await;
    create_users(&database, &["owner", "writer", "reader"]).await;
    let taken = "SELECT count(*) FROM pg_tables
        WHERE schemaname = 'public' AND tableowner = 'chat_owner'";
    assert_eq!(database.number(taken).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_user_has_the_documented_rights_on_every_table() {
    let database = Database::create().await;
    create_users(&database, &["owner", "writer", "reader", "backup", "monitor"]).await;
    let granted = "SELECT t.tablename || ' ' || u.name || ': ' || coalesce((
            SELECT string_agg(privilege, ' ' ORDER BY number)
            FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS p (privilege, number)
            WHERE has_table_privilege('chat_' || u.name, t.tablename::text, privilege)
        ), '') AS text
        FROM pg_tables t, unnest(ARRAY['writer', 'reader', 'backup', 'monitor']) AS u (name)
        WHERE t.schemaname = 'public' AND t.tablename LIKE 'chat\\_%'";
    let granted: BTreeSet<_> = database.texts(granted).await.into_iter().collect();
    let tables: BTreeSet<_> =
        granted.iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert!(tables.contains("chat_audit") && tables.len() > 10, "{tables:?}");
    let expected = tables.iter().flat_map(|table| {
        // The audit is added to by the persister alone, and no service changes its rows.
        let (writer, reader) = match &**table {
            "chat_audit" => ("SELECT INSERT", ""),
            _ => ("SELECT INSERT UPDATE DELETE", "SELECT"),
        };
        [
            format!("{table} writer: {writer}"),
            format!("{table} reader: {reader}"),
            format!("{table} backup: SELECT"),
            format!("{table} monitor: "),
        ]
    });
    assert_eq!(granted, expected.collect());
    let has_role = async |user: &str, right: &str| {
        let query = format!("SELECT pg_has_role('chat_{user}', '{right}', 'USAGE')::int");
        database.number(&query).await == 1
    };
    assert!(has_role("monitor", "pg_read_all_stats").await);
    for user in ["owner", "writer", "reader"] {
        for right in ["pg_read_all_data", "pg_write_all_data", "pg_monitor", "pg_signal_backend"] {
            assert!(!has_role(user, right).await, "{user} has {right}");
        }
    }
    let (scheme, rest) = database.url.split_once("://").unwrap();
    let (_, password_and_server) = rest.split_once(':').unwrap();
    let directory = tempfile::tempdir().unwrap();
    let backup = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/backup.sh"))
        .arg(directory.path().join("chat.dump"))
        .env("DATABASE_URL", format!("{scheme}://chat_backup:{password_and_server}"))
        .output()
        .unwrap();
    assert!(backup.status.success(), "{backup:?}");
    let monitor = Database { url: format!("{scheme}://chat_monitor:{password_and_server}") };
    let hidden = "SELECT count(*) FROM pg_stat_activity WHERE query = '<insufficient privilege>'";
    assert_eq!(monitor.number(hidden).await, 0);
    let powerful = "SELECT rolname::text AS text FROM pg_roles WHERE rolname LIKE 'chat\\_%'
        AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls
            OR rolreplication AND rolname <> 'chat_backup')
        AND rolname IN ('chat_owner', 'chat_writer', 'chat_reader', 'chat_backup', 'chat_monitor')";
    assert!(database.texts(powerful).await.is_empty());
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
