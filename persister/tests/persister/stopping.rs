use test_support::{Proxy, body, eventually, message};

use crate::support::{event, system};

/// The persister has a batch that the database does not write.
#[tokio::test(flavor = "multi_thread")]
async fn a_persister_ends_in_time_while_rabbitmq_and_the_database_hang() {
    let system = system().await;
    let proxy = Proxy::start(&system.broker.server(), true).await;
    let through = format!("--amqp-url={}", system.broker.url_through(proxy.addr()));
    let lock = system.database.lock("chat_messages").await;
    system.broker.publish(&body([event(&message("p1", "hello"))])).await;
    let settings = [&*through, "--broker-timeout=60s", "--shutdown-timeout=1s"];
    let path = env!("CARGO_BIN_EXE_persister");
    let persister = system.persister_program(path, &settings).await;
    let api = persister.api();
    eventually("a batch is under way", async || {
        (api.metric("chat_persister_batch_events_count").await == 1).then_some(())
    })
    .await;
    proxy.hang();
    assert!(persister.stop().await.success());
    drop(lock);
}
