use database::migrate;
use nix::sys::signal::Signal;
use stack::{Postgres, PostgresSettings};
use test_support::{Api, Database, Role, System, eventually, settings};

use crate::supervisor;

/// How far the replica may be behind.
const MAX_LAG: &str = "--database-read-max-lag=3s";

/// The number of the player's messages that the gateway returns; `None` when it cannot read.
async fn messages(api: &Api) -> Option<usize> {
    let page = api.conversation("p1", "").await;
    (page.status == 200).then(|| page.json["messages"].as_array().map_or(0, Vec::len))
}

async fn until_messages(api: &Api, expected: usize) {
    eventually(&format!("the gateway returns {expected} messages"), async || {
        (messages(api).await == Some(expected)).then_some(())
    })
    .await;
}

/// Waits until the gateway reports `dependency` as `up` or `down`.
async fn until(api: &Api, dependency: &str, state: &str) {
    eventually(&format!("{dependency} is {state}"), async || {
        let ready = api.get("/health/ready").await;
        (ready.json["dependencies"][dependency] == state).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_come_from_a_current_replica_and_services_follow_its_promotion() {
    let system = System::new().await;
    let (_directory, supervisor) = supervisor().await;
    let server = PostgresSettings::default();
    let postgres = Postgres::start(&supervisor, &server).await.unwrap();
    let standby = postgres.start_standby(&supervisor, &server).await.unwrap();
    let either = postgres.url_with_standby(&standby).unwrap();
    migrate(&settings(["--database-url".to_owned(), Role::Owner.url(&either)])).await.unwrap();
    let url = format!("--database-url={either}");
    let replica = format!("--database-read-url={}", Role::Reader.url(standby.url()));
    // The default is too little for the connections to a replica.
    let gateway = system.gateway_with(&[&url, &replica, MAX_LAG, "--memory-limit=1GiB"]);
    let gateway = gateway.ready().await;
    let _persister = system.persister_with(&[&url]).ready().await;
    let api = gateway.api();
    until(&api, "replica", "up").await;
    let primary = Database { url: postgres.url().to_owned() };
    let follower = Database { url: standby.url().to_owned() };

    assert_eq!(api.send_as_player("p1", "one").await.status, 202);
    until_messages(&api, 1).await;
    // The replica is behind: its pages are older, and after three seconds the primary's are read.
    follower.run("SELECT pg_wal_replay_pause()").await;
    assert_eq!(api.send_as_player("p1", "two").await.status, 202);
    eventually("the message is persisted", async || {
        (primary.count_messages().await == 2).then_some(())
    })
    .await;
    assert_eq!(follower.count_messages().await, 1);
    until_messages(&api, 2).await;
    until(&api, "replica", "down").await;
    follower.run("SELECT pg_wal_replay_resume()").await;
    until(&api, "replica", "up").await;

    // Without the primary, pages are read and messages accepted; the promoted server has all.
    let process = postgres.process();
    process.suspend_restart();
    process.signal(Signal::SIGKILL);
    until(&api, "database", "down").await;
    until_messages(&api, 2).await;
    assert_eq!(api.send_as_player("p1", "three").await.status, 202);
    standby.promote().await.unwrap();
    until_messages(&api, 3).await;
    until(&api, "database", "up").await;

    // Connections to a server that became read-only are closed.
    let set_read_only = async |state: &str| {
        let set = format!("ALTER SYSTEM SET default_transaction_read_only = {state}");
        follower.run(&set).await;
        follower.run("SELECT pg_reload_conf()").await;
    };
    set_read_only("on").await;
    until(&api, "database", "down").await;
    set_read_only("off").await;
    until(&api, "database", "up").await;
    supervisor.stop().await;
}
