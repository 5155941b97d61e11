use ::broker::{BrokerSettings, Consumer, ConsumerKind, Partition, Publisher, RoutingKey};
use stack::{Console, RabbitMq, RabbitMqSettings, Supervisor};
use test_support::{Authority, settings};

use crate::{NAME, OTHER_HOST, STRANGER};

fn at(url: &str, trust: &Authority) -> BrokerSettings {
    settings([format!("--amqp-url={url}"), trust.trusted(), "--broker-timeout=30s".to_owned()])
}

/// Why there is no connection.
async fn refusal(settings: &BrokerSettings) -> String {
    match Publisher::connect(settings, Partition::FIRST, "test").await {
        Ok(_) => panic!("connected"),
        Err(refusal) => refusal.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_is_spoken_to_in_secret_and_only_if_it_proves_who_it_is() {
    service::install_crypto();
    let directory = tempfile::tempdir().unwrap();
    let console = Console::Silent;
    let supervisor = Supervisor::take(&directory.path().join("local"), console).await.unwrap();
    let (ours, theirs) = (Authority::new(), Authority::new());
    ours.vouch_for(NAME).write(directory.path());
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

    let right = at(&by_name, &ours);
    let mut publisher = Publisher::connect(&right, Partition::FIRST, "test").await.unwrap();
    publisher.publish(RoutingKey::Accepted, Partition::FIRST, b"hello").await.unwrap();
    let mut deliveries =
        Consumer::connect(&right, ConsumerKind::Persister, Partition::FIRST, 1, "test")
            .await
            .unwrap();
    let delivery = deliveries.next().await.unwrap();
    assert_eq!(delivery.body, b"hello");

    let refused = refusal(&at(&by_name, &theirs)).await;
    assert!(refused.contains(STRANGER), "{refused}");
    let refused = refusal(&at(&format!("{account}@127.0.0.1:{port}"), &ours)).await;
    assert!(refused.contains(OTHER_HOST), "{refused}");
    supervisor.stop().await;
}
