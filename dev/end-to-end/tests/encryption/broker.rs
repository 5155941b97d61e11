use ::broker::{BrokerSettings, Consumer, ConsumerKind, Partition, Publisher, RoutingKey};
use stack::{Console, RabbitMq, RabbitMqSettings, Supervisor};
use test_support::{Authority, settings};

use crate::{NAME, UNKNOWN_ISSUER, WRONG_HOST};

fn at(url: &str, trust: &Authority) -> BrokerSettings {
    settings([format!("--amqp-url={url}"), trust.trusted(), "--broker-timeout=30s".to_owned()])
}

/// The error of a connection that must fail.
async fn connect_error(settings: &BrokerSettings) -> String {
    match Publisher::connect(settings, Partition::FIRST, "test").await {
        Ok(_) => panic!("connected"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_connection_is_encrypted_and_its_certificate_verified() {
    service::install_crypto();
    let directory = tempfile::tempdir().unwrap();
    let console = Console::Silent;
    let supervisor = Supervisor::take(&directory.path().join("local"), console).await.unwrap();
    let (trusted, unknown) = (Authority::new(), Authority::new());
    trusted.issue(NAME).write(directory.path());
    let file = |name: &str| directory.path().join(name).display().to_string();
    let [port] = supervisor.kept().ports(["RABBITMQ_TLS_PORT"], false).unwrap();
    let server = RabbitMqSettings {
        further: vec![
            ("listeners.ssl.local".to_owned(), format!("127.0.0.1:{port}")),
            ("ssl_options.certfile".to_owned(), file("certificate.pem")),
            ("ssl_options.keyfile".to_owned(), file("key.pem")),
        ],
        ..Default::default()
    };
    let rabbitmq = RabbitMq::start(&supervisor, &server).await.unwrap();
    let (account, _) = rabbitmq.url().rsplit_once('@').unwrap();
    let account = account.replace("amqp://", "amqps://");
    let by_name = format!("{account}@{NAME}:{port}");

    let settings = at(&by_name, &trusted);
    let mut publisher = Publisher::connect(&settings, Partition::FIRST, "test").await.unwrap();
    publisher.publish(RoutingKey::Accepted, Partition::FIRST, b"hello").await.unwrap();
    let mut deliveries =
        Consumer::connect(&settings, ConsumerKind::Persister, Partition::FIRST, 1, "test")
            .await
            .unwrap();
    let delivery = deliveries.next().await.unwrap();
    assert_eq!(delivery.body, b"hello");

    let error = connect_error(&at(&by_name, &unknown)).await;
    assert!(error.contains(UNKNOWN_ISSUER), "{error}");
    let error = connect_error(&at(&format!("{account}@127.0.0.1:{port}"), &trusted)).await;
    assert!(error.contains(WRONG_HOST), "{error}");
    supervisor.stop().await;
}
