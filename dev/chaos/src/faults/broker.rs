//! RabbitMQ is down, hangs or refuses. Every send must be answered within two seconds, and none
//! accepted that is not in both queues.

use anyhow::{Context, ensure};
use futures_util::{FutureExt, future::LocalBoxFuture};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::rabbitmq_node::kill;
use crate::{
    amqp_proxy::Step,
    drill::Drill,
    fault::Fault,
    plan::{Plan, Scale},
};

pub(super) fn faults() -> Vec<Fault> {
    let fault =
        |name, description, inflict| Fault { name, description, plan: Plan::usual, inflict };
    let proxied = |name, description, inflict| Fault {
        plan: with_a_proxy,
        ..fault(name, description, inflict)
    };
    vec![
        fault("rabbitmq-killed", "kill -9 of RabbitMQ, again and again", |drill| {
            killed(drill).boxed_local()
        }),
        fault("rabbitmq-hung", "RabbitMQ is suspended (SIGSTOP) for 20 s", |drill| {
            hung(drill).boxed_local()
        }),
        fault("memory-alarm", "RabbitMQ runs out of memory and blocks publishers", |drill| {
            alarmed(drill, ["set_vm_memory_high_watermark", "0.00001"], "0.4").boxed_local()
        }),
        fault("disk-alarm", "RabbitMQ runs out of disk and blocks publishers", |drill| {
            alarmed(drill, ["set_disk_free_limit", "1000000GB"], "50MB").boxed_local()
        }),
        Fault {
            plan: with_small_queues,
            ..fault("queue-full", "Pusher is down until a queue is full", |drill| {
                full(drill).boxed_local()
            })
        },
        fault("channels-closed", "RabbitMQ closes every channel, again and again", |drill| {
            channels_closed(drill).boxed_local()
        }),
        fault("connections-closed", "RabbitMQ closes every connection, again and again", |drill| {
            connections_closed(drill).boxed_local()
        }),
        fault(
            "queue-leaderless",
            "a queue exists and has no leader, until it is deleted",
            |drill| leaderless(drill).boxed_local(),
        ),
        fault("queues-deleted", "an operator deletes one queue, the other, and both", |drill| {
            deleted(drill).boxed_local()
        }),
        proxied("cut-at-connect", "the connection breaks as it is made", |drill| {
            cut(drill, Step::Connect)
        }),
        proxied("cut-at-open", "the connection breaks as it is opened", |drill| {
            cut(drill, Step::Open)
        }),
        proxied("cut-at-declare", "the connection breaks as queues are declared", |drill| {
            cut(drill, Step::Declare)
        }),
        proxied("cut-at-publish", "the connection breaks in the middle of a publish", |drill| {
            cut(drill, Step::Publish)
        }),
        proxied("cut-at-confirm", "the connection breaks, and a confirm is lost", |drill| {
            cut(drill, Step::Confirm)
        }),
        proxied("cut-at-ack", "the connection breaks, and an acknowledgement is lost", |drill| {
            cut(drill, Step::Acknowledge)
        }),
    ]
}

async fn killed(drill: &mut Drill) -> anyhow::Result<()> {
    for _ in 0..drill.scale.pick(3, 1) {
        drill.pause().await;
        for node in &drill.deployment.rabbitmq {
            kill(node).await?;
        }
    }
    Ok(())
}

/// RabbitMQ 3.10, killed before its register of queues is on disk, restarts with a queue that never
/// gets a leader. The drill removes the queue from the register first, so that this always happens.
/// A queue in this state accepts nothing, so that deleting it loses nothing.
async fn leaderless(drill: &mut Drill) -> anyhow::Result<()> {
    const QUEUE: &str = "chat.broadcast";
    drill.pause_and_settle().await?;
    let unregister = format!(
        "ra_directory:unregister_name(quorum_queues, \
         ra_directory:uid_of(quorum_queues, '%2F_{QUEUE}'))."
    );
    let node = drill.deployment.rabbitmq.first().context("there is no broker")?;
    node.control(&["eval", &unregister]).await?;
    kill(node).await?;
    drill.load.resume();
    drill
        .wait_until(
            "every gateway reports the queue, or is ready because it has a leader",
            async |drill| {
                let answers = drill.deployment.readiness().await.unwrap_or_default();
                let reports_it = |answer: &Value| {
                    let states = answer.get("dependencies");
                    states.and_then(|states| states.get(QUEUE)).is_some_and(|state| state == "down")
                };
                !answers.is_empty()
                    && answers.iter().all(|answer| reports_it(answer) || is_ready(answer))
            },
        )
        .await?;
    let answers = drill.deployment.readiness().await?;
    if answers.iter().all(is_ready) {
        drill.notes.push("RabbitMQ elected a leader by itself".to_owned());
        return Ok(());
    }
    // As the runbook instructs.
    let node = drill.deployment.rabbitmq.first().context("there is no broker")?;
    node.control(&["delete_queue", QUEUE]).await?;
    drill
        .wait_until("every gateway is ready", async |drill| {
            let answers = drill.deployment.readiness().await.unwrap_or_default();
            !answers.is_empty() && answers.iter().all(is_ready)
        })
        .await
}

fn is_ready(answer: &Value) -> bool {
    answer.get("status").is_some_and(|status| status == "ready")
}

async fn hung(drill: &mut Drill) -> anyhow::Result<()> {
    let signal = |drill: &Drill, signal| {
        drill.deployment.rabbitmq.iter().for_each(|node| node.process().signal(signal));
    };
    signal(drill, Signal::SIGSTOP);
    drill.run_for(20).await;
    signal(drill, Signal::SIGCONT);
    Ok(())
}

async fn alarmed(drill: &mut Drill, [order, value]: [&str; 2], usual: &str) -> anyhow::Result<()> {
    let node = drill.deployment.rabbitmq.first().context("there is no broker")?;
    node.control(&[order, value]).await?;
    drill.run_for(20).await;
    let refused = drill.load.ledger().entries().refused;
    ensure!(refused > 0, "no publish was blocked");
    node.control(&[order, usual]).await?;
    Ok(())
}

fn with_small_queues(scale: Scale) -> Plan {
    Plan::usual(scale).services("QUEUE_MAX_BYTES", scale.pick(400_000, 20_000))
}

async fn full(drill: &mut Drill) -> anyhow::Result<()> {
    drill.deployment.pusher.fail(&json!({ "kind": "status", "status": 500 })).await?;
    let goal = drill.scale.pick(1_000, 40);
    while drill.load.ledger().entries().refused < goal {
        drill.load.wait_for_answers(1).await;
    }
    drill.deployment.pusher.behave().await
}

async fn channels_closed(drill: &mut Drill) -> anyhow::Result<()> {
    // The message of a channel's process to its connection's when the channel closes.
    let close = "[Connection ! {channel_exit, 1, {amqp_error, precondition_failed, \"a drill\", \
                 none}} || Connection <- rabbit_networking:local_connections()].";
    repeat(drill, &["eval", close]).await
}

async fn connections_closed(drill: &mut Drill) -> anyhow::Result<()> {
    repeat(drill, &["close_all_connections", "a drill"]).await
}

async fn repeat(drill: &mut Drill, order: &[&str]) -> anyhow::Result<()> {
    for _ in 0..drill.scale.pick(8, 2) {
        drill.pause().await;
        for node in &drill.deployment.rabbitmq {
            node.control(order).await?;
        }
    }
    Ok(())
}

/// Deleting a queue deletes its messages, so that the queues are empty first. Everything sent
/// afterwards must be in both.
async fn deleted(drill: &mut Drill) -> anyhow::Result<()> {
    let rounds: [&[&str]; 3] =
        [&["chat.persist"], &["chat.broadcast"], &["chat.persist", "chat.broadcast"]];
    for _ in 0..drill.scale.pick(3, 1) {
        for queues in rounds {
            drill.pause_and_settle().await?;
            let node = drill.deployment.rabbitmq.first().context("there is no broker")?;
            for queue in queues {
                node.control(&["delete_queue", queue]).await?;
            }
            drill.load.resume();
            drill.pause().await;
        }
    }
    Ok(())
}

fn with_a_proxy(scale: Scale) -> Plan {
    Plan { proxied: true, ..Plan::usual(scale) }
}

fn cut(drill: &mut Drill, step: Step) -> LocalBoxFuture<'_, anyhow::Result<()>> {
    async move {
        for _ in 0..drill.scale.pick(20, 2) {
            drill.pause().await;
            let proxy = drill.deployment.proxy.as_ref().context("there is no proxy")?;
            if matches!(step, Step::Connect | Step::Open | Step::Declare) {
                // A service connects only after a cut.
                proxy.cut(Step::Confirm).await;
            }
            proxy.cut(step).await;
        }
        Ok(())
    }
    .boxed_local()
}
