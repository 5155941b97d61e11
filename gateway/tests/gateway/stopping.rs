//! A gateway that stops, as its clients observe it.

use std::time::Duration;

use broker::ConsumerKind;
use test_support::{Api, Proxy, System, eventually};

/// A client that sends over a connection that was idle meanwhile does not find it closed.
#[tokio::test(flavor = "multi_thread")]
async fn gateway_serves_during_the_drain_and_closes_connections() {
    let system = System::new().await;
    let mut config = system.gateway_config(&[]);
    config.drain = Duration::from_secs(3_600);
    let gateway = system.gateway_of(config).ready().await;
    let (idle, new) = (gateway.api(), gateway.api());
    let answer = idle.send_as_player("p1", "before").await;
    assert_eq!((answer.status, answer.headers.get("connection")), (202, None));

    gateway.begin_to_stop();
    for api in [idle, new] {
        let answer = api.send_as_player("p1", "meanwhile").await;
        assert_eq!(
            (answer.status, &answer.headers["connection"]),
            (202, &"close".parse().unwrap())
        );
        let ready = api.get("/health/ready").await;
        assert_eq!((ready.status, &ready.json["status"]), (503, &"stopping".into()));
        assert_eq!(ready.json["dependencies"]["broker"], "up");
        assert_eq!(api.get("/health/live").await.status, 200);
        assert_eq!(api.metrics().await.unwrap().status(), 200);
    }
    gateway.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_lost_when_clients_reconnect_during_the_drain() {
    let system = System::new().await;
    let gateway = system.gateway_with(&["--shutdown-drain=5s"]).ready().await;
    // Each client has a connection of its own.
    let clients: Vec<_> = (0..8).map(|_| tokio::spawn(send_until_closed(gateway.api()))).collect();
    system.broker.wait_for_some(&system.broker.names().queue(ConsumerKind::Persister)).await;
    gateway.stop().await;
    let mut accepted = 0;
    for client in clients {
        accepted += client.await.unwrap();
    }
    assert_eq!(system.broker.drain_events(ConsumerKind::Persister).await.len(), accepted);
}

/// Sends messages until a response closes the connection, and returns how many were accepted.
async fn send_until_closed(api: Api) -> usize {
    for accepted in 1.. {
        let answer = api.send_as_player("p1", "hello").await;
        assert_eq!(answer.status, 202, "{answer:?}");
        if answer.headers.get("connection").is_some_and(|value| value == "close") {
            return accepted;
        }
    }
    unreachable!("the range has no end")
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_ends_in_time_while_rabbitmq_hangs() {
    let system = System::new().await;
    let proxy = Proxy::start(&system.broker.server(), true).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    let settings =
        [&*through, "--broker-timeout=60s", "--send-timeout=60s", "--shutdown-timeout=1s"];
    let gateway = system.gateway_program(env!("CARGO_BIN_EXE_gateway"), &settings).await;
    let api = gateway.api();
    eventually("it is ready", async || {
        (api.get("/health/ready").await.status == 200).then_some(())
    })
    .await;
    proxy.hang();
    // The first ones may share a publish.
    eventually("a send waits", async || {
        let client = gateway.api();
        tokio::spawn(async move { client.try_send_as_player("p1", "hello").await });
        (api.metric("chat_gateway_waiting_events").await >= 1).then_some(())
    })
    .await;
    assert!(gateway.stop().await.success());
}
