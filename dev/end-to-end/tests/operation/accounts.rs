//! RabbitMQ users with the permissions in SECURITY.md.

use std::process::Command;

use ::broker::{Partition, Publisher};
use lapin::{
    Channel, Connection, ConnectionProperties,
    options::{
        BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
        QueueDeleteOptions, QueuePurgeOptions,
    },
    types::FieldTable,
};
use stack::{RabbitMq, ServerSettings, Servers, Service, set_pusher_variables};
use test_support::{Database, PusherControl, eventually, settings};

use crate::{
    programs::{Programs, Release, api},
    secrets::with_account,
};

/// The gateway's permissions, as `deploy/rabbitmq/users.sh` sets them.
const CONFIGURE: &str = "^$";
const WRITE: &str = r"^(chat\.|amq\.default$)";
const READ: &str = r"^chat\.events$";

/// Creates the users with `deploy/rabbitmq/users.sh`.
async fn create_users(rabbitmq: &RabbitMq) {
    let directory = tempfile::tempdir().unwrap();
    let definitions = directory.path().join("definitions.json");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/rabbitmq/users.sh");
    let mut script = Command::new(script);
    script.args(["sh", "-c", "cat >\"$0\""]).arg(&definitions);
    for user in ["GATEWAY", "PERSISTER", "BROADCASTER", "MONITOR"] {
        script.env(format!("RABBITMQ_{user}_PASSWORD"), "password");
    }
    assert!(script.status().unwrap().success());
    rabbitmq.control(&["import_definitions", definitions.to_str().unwrap()]).await.unwrap();
}

/// Sets what the gateway may write.
async fn permit(rabbitmq: &RabbitMq, write: &str) {
    rabbitmq.control(&["set_permissions", "chat_gateway", CONFIGURE, write, READ]).await.unwrap();
}

/// Whether RabbitMQ refuses the attempt of the user in `url`.
async fn is_refused<T>(url: &str, attempt: impl AsyncFnOnce(&Channel) -> lapin::Result<T>) -> bool {
    let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    attempt(&channel).await.is_err_and(|error| error.to_string().contains("ACCESS_REFUSED"))
}

/// Asserts that the user may neither read, empty nor delete `queue`.
async fn assert_out_of_reach(url: &str, queue: &str) {
    let name = || queue.into();
    let get = async |channel: &Channel| channel.basic_get(name(), BasicGetOptions::default()).await;
    assert!(is_refused(url, get).await, "{url} reads {queue}");
    let purge =
        async |channel: &Channel| channel.queue_purge(name(), QueuePurgeOptions::default()).await;
    assert!(is_refused(url, purge).await, "{url} empties {queue}");
    let delete =
        async |channel: &Channel| channel.queue_delete(name(), QueueDeleteOptions::default()).await;
    assert!(is_refused(url, delete).await, "{url} deletes {queue}");
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
    create_users(rabbitmq).await;
    let url = |service: &str| with_account(amqp_url, &format!("chat_{service}"), "password");
    let settings = settings([format!("--amqp-url={}", url("gateway"))]);
    let early = Publisher::connect(&settings, Partition::FIRST, "early").await.err().unwrap();
    let missing = "the queue chat.persist.dead does not exist, and this account may not create it: \
                   start a persister";
    assert_eq!(early.to_string(), missing);

    let mut services = Vec::new();
    // The persister first: it declares the queues.
    for service in [Service::Persister, Service::Broadcaster, Service::Gateway] {
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

    // What a service does not need is refused. A message is accepted once `chat.persist` has it, so only
    // the persister may read, empty or delete that queue.
    for queue in ["chat.persist", "chat.persist.dead"] {
        assert_out_of_reach(&url("broadcaster"), queue).await;
    }
    for queue in ["chat.persist", "chat.broadcast", "chat.persist.dead", "chat.broadcast.dead"] {
        for user in ["gateway", "monitor"] {
            assert_out_of_reach(&url(user), queue).await;
        }
    }
    for user in ["gateway", "persister", "broadcaster", "monitor"] {
        let others = async |channel: &Channel| {
            let options = QueueDeclareOptions::default();
            channel.queue_declare("others".into(), options, FieldTable::default()).await
        };
        assert!(is_refused(&url(user), others).await, "{user} declares another system's queue");
    }
    let publish = async |channel: &Channel| {
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let options = BasicPublishOptions::default();
        let properties = lapin::BasicProperties::default();
        channel
            .basic_publish("".into(), "chat.persist".into(), options, b"forged", properties)
            .await?
            .await
    };
    assert!(is_refused(&url("monitor"), publish).await, "the monitor publishes");

    permit(rabbitmq, r"^chat\.").await;
    rabbitmq.control(&["close_all_connections", "permissions changed"]).await.unwrap();
    eventually("the gateway is unready without the permission to publish", async || {
        let ready = gateway.get("/health/ready").await;
        (ready.status == 503 && ready.json["dependencies"]["broker"] == "down").then_some(())
    })
    .await;
    permit(rabbitmq, WRITE).await;
    eventually("the gateway is ready again", async || {
        (gateway.get("/health/ready").await.status == 200).then_some(())
    })
    .await;
    assert_eq!(gateway.send_as_player("p1", "hello again").await.status, 202);
    programs.supervisor.stop().await;
}
