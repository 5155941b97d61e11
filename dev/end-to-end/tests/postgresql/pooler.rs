use database::{DatabaseSettings, connect, connect_to_write, migrate};
use stack::{PgBouncer, PgBouncerSettings};
use test_support::{Role, System, eventually, player_of_each, settings};

use crate::supervisor;

/// Gives the users the settings that a pooler ignores.
const POOLER: &str = include_str!("../../../../deploy/database/pooler.sql");

const PARTITIONS: u16 = 4;

fn settings_of(pgbouncer: &PgBouncer, role: Role) -> DatabaseSettings {
    settings(["--database-url".to_owned(), role.url(pgbouncer.url())])
}

/// Closes PgBouncer's sessions, which have the settings of their start.
async fn close_sessions(system: &System) {
    let close = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()";
    system.database.run(close).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_stored_and_read_through_pgbouncer_in_transaction_mode() {
    let system = System::new().await;
    let (_directory, supervisor) = supervisor().await;
    // Fewer sessions than the services have connections, so that these share them.
    let sessions = PgBouncerSettings { pool_size: 2, max_prepared_statements: 200 };
    let pgbouncer = PgBouncer::start(&supervisor, &system.database.url, sessions).await.unwrap();

    let writer = settings_of(&pgbouncer, Role::Writer);
    let refused = connect_to_write(&writer).await.err().unwrap().to_string();
    let missing = "ALTER ROLE chat_writer IN DATABASE";
    assert!(refused.contains(missing) && refused.contains("enable_seqscan = 'off'"), "{refused}");
    system.database.run(POOLER).await;
    close_sessions(&system).await;
    eventually("PgBouncer has sessions with the users' settings", async || {
        connect_to_write(&writer).await.ok()
    })
    .await;

    let url = format!("--database-url={}", pgbouncer.url());
    let partitions = format!("--queue-partitions={PARTITIONS}");
    let services = [url.as_str(), partitions.as_str()];
    let gateway = system.gateway_with(&services).ready().await;
    let persisters = [
        system.persister_with(&services).ready().await,
        system.persister_with(&services).ready().await,
    ];
    let (api, players) = (gateway.api(), player_of_each(PARTITIONS));
    for number in 0..10 {
        for (_, player) in &players {
            let content = format!("message {number}");
            assert_eq!(api.send_as_player(player, &content).await.status, 202);
        }
    }
    for (_, player) in &players {
        eventually("the conversation is complete", async || {
            let page = api.conversation(player, "limit=200").await;
            let messages = page.json["messages"].as_array()?;
            (page.json["lastSeq"] == 10 && messages.len() == 10).then_some(())
        })
        .await;
    }
    assert_eq!(api.inbox("").await.status, 200);
    for persister in &persisters {
        let failures = persister.api().metric("chat_persister_database_failures_total").await;
        assert_eq!(failures, 0);
    }

    // A lock belongs to a session, which a pooler gives to others.
    let refused = migrate(&settings_of(&pgbouncer, Role::Owner)).await.unwrap_err().to_string();
    assert!(refused.contains("advisory lock"), "{refused}");
    supervisor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pgbouncer_that_does_not_manage_prepared_statements_is_refused() {
    let system = System::new().await;
    system.database.run(POOLER).await;
    let (_directory, supervisor) = supervisor().await;
    let sessions = PgBouncerSettings { pool_size: 1, max_prepared_statements: 0 };
    let pgbouncer = PgBouncer::start(&supervisor, &system.database.url, sessions).await.unwrap();
    let refused = connect(&settings_of(&pgbouncer, Role::Reader)).await.err().unwrap().to_string();
    assert!(refused.contains("max_prepared_statements"), "{refused}");
    supervisor.stop().await;
}
