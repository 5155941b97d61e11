//! Three nodes of RabbitMQ that are one broker: of the one in RABBITMQ_ROOT if that is set, as
//! `stack exec` takes it.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail as the test does")]

mod support;

use std::env;

use nix::sys::signal::Signal;
use stack::{Console, RabbitMq, RabbitMqSettings, Supervisor};
use support::{Place, at_last};

async fn eval(node: &RabbitMq, expression: &str) -> String {
    node.control(&["eval", expression]).await.unwrap().trim().to_owned()
}

/// Whether an alarm is on, for want of the `resource`.
async fn wants(node: &RabbitMq, resource: &str) -> bool {
    eval(node, "rabbit_alarm:get_alarms().").await.contains(resource)
}

async fn has_host(node: &RabbitMq, host: &str) -> bool {
    node.control(&["list_vhosts"]).await.unwrap().lines().any(|line| line == host)
}

#[tokio::test]
async fn outlives_a_kill_and_a_partition() {
    let place = Place::plain();
    let supervisor = Supervisor::take(&place.directory(), Console::silent()).await.unwrap();
    let root = env::var_os("RABBITMQ_ROOT").map(Into::into);
    let settings = RabbitMqSettings { root, ..RabbitMqSettings::default() };
    let nodes = RabbitMq::start_cluster(&supervisor, 3, &settings).await.unwrap();
    let [first, second, third] = &nodes[..] else { panic!("{nodes:?}") };
    assert_ne!(first.url(), third.url());

    // Each node can be asked by itself, and told things.
    assert_eq!(eval(third, "node().").await, third.name());
    assert!(first.version().await.unwrap().starts_with(char::is_numeric));
    let error = first.control(&["no_such_order"]).await.unwrap_err();
    assert!(format!("{error:#}").contains("no_such_order"), "{error:#}");
    for (order, value, usual, resource) in [
        ("set_vm_memory_high_watermark", "0.00001", "0.4", "memory"),
        ("set_disk_free_limit", "1000000GB", "50MB", "disk"),
    ] {
        second.control(&[order, value]).await.unwrap();
        at_last(order, async || wants(second, resource).await.then_some(())).await;
        second.control(&[order, usual]).await.unwrap();
        at_last(order, async || (!wants(second, resource).await).then_some(())).await;
    }

    // One that is killed comes back to the others, and hears what it has missed.
    third.process().suspend_restart();
    third.process().signal(Signal::SIGKILL);
    first.control(&["add_vhost", "made_meanwhile"]).await.unwrap();
    third.process().resume_restart();
    third.ready().await.unwrap();
    third.control(&["await_online_nodes", "3"]).await.unwrap();
    assert!(has_host(third, "made_meanwhile").await);

    // One that sees nobody pauses, while the others go on without it.
    third.part_from(&[first, second]).await.unwrap();
    at_last("a pause", async || {
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
