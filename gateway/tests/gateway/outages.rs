use broker::ConsumerKind;
use test_support::{Api, Proxy, System, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn sends_are_accepted_and_reads_rejected_without_a_database() {
    let system = System::new().await;
    let proxy = Proxy::start(&system.database.server(), false).await;
    let through = format!("--database-url={}", system.database.url_through(proxy.addr()));
    let gateway = system.gateway_with(&[&through]).ready().await;
    let api = gateway.api();
    assert_eq!(api.send_as_player("p1", "hello").await.status, 202);
    let ready = api.get("/health/ready").await;
    assert_eq!(ready.json["dependencies"]["database"], "down", "{ready:?}");
    let refused = api.conversation("p1", "").await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(refused.json["type"], "urn:problem-type:player-portal-chat:history-unavailable");

    proxy.bring_back();
    eventually("conversations can be read", async || {
        (api.conversation("p1", "").await.status == 200).then_some(())
    })
    .await;
    proxy.take_away();
    assert_eq!(api.send_as_player("p1", "hello").await.status, 202);
    proxy.bring_back();
    eventually("conversations can be read again", async || {
        (api.conversation("p1", "").await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_are_accepted_and_the_gateway_is_ready_while_the_database_hangs() {
    let system = System::new().await;
    let proxy = Proxy::start(&system.database.server(), true).await;
    let through = format!("--database-url={}", system.database.url_through(proxy.addr()));
    let gateway = system.gateway_with(&[&through, "--database-timeout=60s"]).ready().await;
    let api = gateway.api();
    until_the_database_is(&api, "up").await;
    proxy.hang();
    // The read waits for the database; the send and the probe do not.
    let reading = tokio::spawn({
        let api = api.clone();
        async move { api.conversation("p1", "").await.status }
    });
    assert_eq!(api.send_as_player("p1", "hello").await.status, 202);
    let ready = api.get("/health/ready").await;
    assert_eq!((ready.status, &ready.json["dependencies"]["database"]), (200, &"up".into()));
    assert!(!reading.is_finished(), "the database hangs");
    proxy.bring_back();
    assert_eq!(reading.await.unwrap(), 200);
}

async fn until_the_database_is(api: &Api, state: &str) {
    eventually(&format!("the database is {state}"), async || {
        let ready = api.get("/health/ready").await;
        (ready.json["dependencies"]["database"] == state).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_reports_the_database_down_while_probes_time_out() {
    let system = System::new().await;
    let proxy = Proxy::start(&system.database.server(), true).await;
    let through = format!("--database-url={}", system.database.url_through(proxy.addr()));
    let gateway = system.gateway_with(&[&through, "--database-timeout=1s"]).ready().await;
    let api = gateway.api();
    until_the_database_is(&api, "up").await;
    proxy.hang();
    until_the_database_is(&api, "down").await;
    proxy.bring_back();
    until_the_database_is(&api, "up").await;
}

/// Every pooled connection is in use, and the database answers.
#[tokio::test(flavor = "multi_thread")]
async fn readiness_probes_the_database_outside_the_pools() {
    let system = System::new().await;
    let pools = ["--database-pool-size=1", "--inbox-pool-size=1", "--database-timeout=20s"];
    let gateway = system.gateway_with(&pools).ready().await;
    let api = gateway.api();
    until_the_database_is(&api, "up").await;
    let locked = system.database.lock_from_readers("chat_conversations").await;
    let reading = [0, 1].map(|_| {
        let api = api.clone();
        tokio::spawn(async move { api.conversation("p1", "").await.status })
    });
    eventually("a reader waits", async || {
        (api.metric("chat_gateway_database_waiting").await == 1).then_some(())
    })
    .await;
    for _ in 0..50 {
        let ready = api.get("/health/ready").await;
        assert_eq!(ready.json["dependencies"]["database"], "up", "{ready:?}");
    }
    drop(locked);
    for read in reading {
        assert_eq!(read.await.unwrap(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_starts_without_broker_and_returns_503_until_it_connects() {
    let system = System::new().await;
    let proxy = Proxy::start(&system.broker.server(), false).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    let gateway = system.gateway_with(&[&through]);
    let api = gateway.api();
    assert_eq!(api.get("/health/live").await.status, 200);
    assert_eq!(api.send_as_player("p1", "hello").await.status, 503);
    let ready = api.get("/health/ready").await;
    assert_eq!((ready.status, &ready.json["dependencies"]["broker"]), (503, &"down".into()));

    for _ in 0..2 {
        proxy.bring_back();
        eventually("messages are accepted", async || {
            (api.send_as_player("p1", "hello").await.status == 202).then_some(())
        })
        .await;
        proxy.take_away();
        assert_eq!(api.send_as_player("p1", "hello").await.status, 503);
    }
}

/// A broker that hangs cannot be told from a slow one.
#[tokio::test(flavor = "multi_thread")]
async fn send_times_out_while_the_broker_hangs() {
    let system = System::new().await;
    let proxy = Proxy::start(&system.broker.server(), true).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    let gateway = system.gateway_with(&[&through, "--send-timeout=300ms"]).ready().await;
    let api = gateway.api();
    proxy.hang();
    assert_eq!(api.send_as_player("p1", "hello").await.status, 503);
    proxy.bring_back();
    eventually("messages are accepted", async || {
        (api.send_as_player("p1", "hello").await.status == 202).then_some(())
    })
    .await;
    assert!(
        !system
            .broker
            .drain(&system.broker.names().queue(ConsumerKind::Persister))
            .await
            .is_empty()
    );
}
