//! A connection to a RabbitMQ that hangs leaves neither socket nor thread behind.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::{fs, time::Duration};

use broker::{
    BrokerSettings, Consumer, ConsumerKind, Partition, PublishError, Publisher, RoutingKey,
};
use clap::Parser;
use secrecy::SecretString;
use test_support::{Broker, Proxy, eventually};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    broker: BrokerSettings,
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_to_connect_that_hangs_leaves_neither_socket_nor_thread() {
    service::install_crypto();
    // The first byte of AMQP's header and of a TLS handshake.
    for (scheme, first_byte) in [("amqp", b'A'), ("amqps", 0x16)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("--amqp-url={scheme}://{}", listener.local_addr().unwrap());
        let settings = Settings::parse_from(["test", &url, "--broker-timeout=1s"]).broker;
        let mut sockets = Vec::new();
        for _ in 0..3 {
            let (connected, accepted) = tokio::join!(
                Publisher::connect(&settings, Partition::FIRST, "test"),
                listener.accept()
            );
            assert!(connected.is_err());
            sockets.push(tokio::spawn(read_to_end(accepted.unwrap().0)));
        }
        eventually("every socket is closed", async || {
            sockets.iter().all(JoinHandle::is_finished).then_some(())
        })
        .await;
        for socket in sockets {
            assert_eq!(socket.await.unwrap().first(), Some(&first_byte));
        }
    }
    eventually("no thread is left", async || (threads() == 0).then_some(())).await;
}

/// Without waiting for missing heartbeats.
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_connection_that_hangs_leaves_no_thread() {
    let broker = Broker::connect().await;
    let proxy = Proxy::start(&broker.server(), true).await;
    let mut settings = broker.settings();
    let url = format!("{}?heartbeat=600", broker.url_through(proxy.addr()));
    settings.amqp_urls = vec![SecretString::from(url)];
    settings.broker_timeout = Duration::from_secs(3);
    let mut publisher = Publisher::connect(&settings, Partition::FIRST, "test").await.unwrap();
    let idle = Publisher::connect(&settings, Partition::FIRST, "test").await.unwrap();
    let deliveries =
        Consumer::connect(&settings, ConsumerKind::Persister, Partition::FIRST, 1, "test")
            .await
            .unwrap();
    drop(broker);

    proxy.hang();
    let published = publisher.publish(RoutingKey::Accepted, Partition::FIRST, b"hello").await;
    assert!(matches!(published, Err(PublishError::Broker(_))), "{published:?}");
    publisher.close().await;
    drop(idle);
    deliveries.close().await;
    eventually("no thread is left", async || (threads() == 0).then_some(())).await;
}

/// Sends nothing. Returns the bytes that the other side sent before it closed.
async fn read_to_end(mut socket: TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    socket.read_to_end(&mut received).await.unwrap();
    received
}

/// The number of lapin's threads in this process.
fn threads() -> usize {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let names =
        threads.filter_map(|thread| fs::read_to_string(thread.unwrap().path().join("comm")).ok());
    names.filter(|name| name.trim() == "lapin-io-loop").count()
}
