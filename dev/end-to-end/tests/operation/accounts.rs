//! RabbitMQ accounts with the permissions in SECURITY.md.

use broker::{BrokerSettings, Consumer, ConsumerKind, Partition};
use stack::{RabbitMq, ServerSettings, Servers, Service, set_pusher_variables};
use test_support::{Database, PusherControl, eventually, settings};

use crate::{
    programs::{Programs, Release, api},
    secrets::with_account,
};

/// Every service may declare the queues and publish.
const CONFIGURE: &str = r"^chat\.";
const WRITE: &str = r"^(chat\.|amq\.default$)";

async fn create_account(rabbitmq: &RabbitMq, user: &str, read: &str) {
    rabbitmq.control(&["add_user", user, "password"]).await.unwrap();
    permit(rabbitmq, user, WRITE, read).await;
}

async fn permit(rabbitmq: &RabbitMq, user: &str, write: &str, read: &str) {
    rabbitmq.control(&["set_permissions", user, CONFIGURE, write, read]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_permissions_suffice_and_a_gateway_that_may_not_publish_is_unready() {
    let mut programs = Programs::new().await;
    let servers = Servers::start(&programs.supervisor, &ServerSettings::default()).await.unwrap();
    let (amqp_url, database_url) = (servers.rabbitmq.url(), servers.postgres.url());
    let database = Database { url: database_url.to_owned() };
    database::migrate(&database.settings()).await.unwrap();
    programs.use_servers(database_url, amqp_url);
    let release = Release::current();
    let pusher = programs.start(&release, Service::LocalPusher, "local-pusher", &[]).await;
    set_pusher_variables(pusher.address, &mut programs.variables);

    let rabbitmq = &servers.rabbitmq;
    let gateway_may_read = r"^chat\.events$";
    create_account(rabbitmq, "persister", r"^chat\.").await;
    create_account(rabbitmq, "broadcaster", r"^chat\.").await;
    create_account(rabbitmq, "gateway", gateway_may_read).await;
    let url = |user: &str| with_account(amqp_url, user, "password");
    let mut services = Vec::new();
    // Workers first: they declare the queues.
    for service in [Service::Broadcaster, Service::Persister, Service::Gateway] {
        let own_url = url(service.name());
        let own = [("AUTH_MODE", "off"), ("AMQP_URL", &*own_url)];
        services.push(programs.start(&release, service, service.name(), &own).await);
    }
    let gateway = api(services.last().unwrap());

    assert_eq!(gateway.send_as_player("p1", "hello").await.status, 202);
    eventually("the message is persisted", async || {
        let page = gateway.conversation("p1", "").await;
        (page.json["messages"].as_array()?.len() == 1).then_some(())
    })
    .await;
    let pusher_control = PusherControl::new(pusher.address);
    eventually("the message and its session are broadcast to both sides", async || {
        (pusher_control.accepted().await["events"] == 4).then_some(())
    })
    .await;

    let gateway_account: BrokerSettings = settings([format!("--amqp-url={}", url("gateway"))]);
    let read =
        Consumer::connect(&gateway_account, ConsumerKind::Persister, Partition::FIRST, 1, "test")
            .await;
    assert!(read.is_err(), "the gateway's account may consume a queue");

    permit(rabbitmq, "gateway", r"^chat\.", gateway_may_read).await;
    rabbitmq.control(&["close_all_connections", "permissions changed"]).await.unwrap();
    eventually("the gateway is unready without the permission to publish", async || {
        let ready = gateway.get("/health/ready").await;
        (ready.status == 503 && ready.json["dependencies"]["broker"] == "down").then_some(())
    })
    .await;
    permit(rabbitmq, "gateway", WRITE, gateway_may_read).await;
    eventually("the gateway is ready again", async || {
        (gateway.get("/health/ready").await.status == 200).then_some(())
    })
    .await;
    assert_eq!(gateway.send_as_player("p1", "hello again").await.status, 202);
    programs.supervisor.stop().await;
}
