use serde_json::json;
use test_support::{Proxy, body, eventually};

use crate::support::{event, system};

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcaster_ends_in_time_while_rabbitmq_and_pusher_hang() {
    let system = system().await;
    let proxy = Proxy::start(&system.broker.server(), true).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    system.pusher.fault(&json!({ "kind": "hang" })).await;
    system.broker.publish(&body([event("p1", "hello")])).await;
    let settings = [&*through, "--broker-timeout=60s", "--shutdown-timeout=1s"];
    let path = env!("CARGO_BIN_EXE_broadcaster");
    let broadcaster = system.broadcaster_program(path, &settings).await;
    eventually("a call is under way", async || {
        (system.pusher.accepted().await["calls"] == 1).then_some(())
    })
    .await;
    proxy.hang();
    assert!(broadcaster.stop().await.success());
}
