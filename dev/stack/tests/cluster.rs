//! A cluster of three RabbitMQ nodes, of the RabbitMQ in RABBITMQ_ROOT if that is set.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail as the test does")]

mod support;

use std::env;

use nix::sys::signal::Signal;
use stack::{Console, RabbitMq, RabbitMqSettings, Supervisor};
use support::{Place, eventually};

async fn eval(node: &RabbitMq, expression: &str) -> String {
    node.control(&["eval", expression]).await.unwrap().trim().to_owned()
}

/// Whether the alarm for the `resource` is on.
async fn has_alarm(node: &RabbitMq, resource: &str) -> bool {
    eval(node, "rabbit_alarm:get_alarms().").await.contains(resource)
}

async fn has_host(node: &RabbitMq, host: &str) -> bool {
    node.control(&["list_vhosts"]).await.unwrap().lines().any(|line| line == host)
}

#[tokio::test]
async fn a_cluster_survives_a_kill_and_a_partition() {
    let place = Place::plain();
    let supervisor = Supervisor::take(&place.directory(), Console::Silent).await.unwrap();
    let root = env::var_os("RABBITMQ_ROOT").map(Into::into);
    let settings = RabbitMqSettings { root, ..RabbitMqSettings::default() };
    let nodes = RabbitMq::start_cluster(&supervisor, 3, &settings).await.unwrap();
    let [first, second, third] = &nodes[..] else { panic!("{nodes:?}") };
    assert_ne!(first.url(), third.url());

    // `control` reaches the node, and returns errors.
    assert_eq!(eval(third, "node().").await, third.name());
    assert!(first.version().await.unwrap().starts_with(char::is_numeric));
    let error = first.control(&["no_such_command"]).await.unwrap_err();
    assert!(format!("{error:#}").contains("no_such_command"), "{error:#}");
    for (command, value, usual, resource) in [
        ("set_vm_memory_high_watermark", "0.00001", "0.4", "memory"),
        ("set_disk_free_limit", "1000000GB", "50MB", "disk"),
    ] {
        second.control(&[command, value]).await.unwrap();
        eventually(command, async || has_alarm(second, resource).await.then_some(())).await;
        second.control(&[command, usual]).await.unwrap();
        eventually(command, async || (!has_alarm(second, resource).await).then_some(())).await;
    }

    // A killed node rejoins, and receives the changes that it missed.
    third.process().suspend_restart();
    third.process().signal(Signal::SIGKILL);
    first.control(&["add_vhost", "made_meanwhile"]).await.unwrap();
    third.process().resume_restart();
    third.ready().await.unwrap();
    third.control(&["await_online_nodes", "3"]).await.unwrap();
    assert!(has_host(third, "made_meanwhile").await);

    // A node that reaches no other pauses, while the others keep working.
    third.part_from(&[first, second]).await.unwrap();
    eventually("a pause", async || {
        (eval(third, "rabbit:is_running().").await == "false").then_some(())
    })
    .await;
    assert_eq!(eval(third, "nodes().").await, "[]");
    for (node, other) in [(first, second), (second, first)] {
        assert_eq!(eval(node, "nodes().").await, format!("[{}]", other.name()));
    }
    first.control(&["add_vhost", "made_apart"]).await.unwrap();
    third.rejoin(&[first, second]).await.unwrap();
    third.ready().await.unwrap();
    third.control(&["await_online_nodes", "3"]).await.unwrap();
    assert!(has_host(third, "made_apart").await);

    supervisor.stop().await;
    assert_eq!(place.processes(), Vec::<String>::new());
}
