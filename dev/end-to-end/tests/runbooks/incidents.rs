//! Everything that can go wrong on one system, one incident after the other.

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, resume_unwind},
    time::Duration,
};

use futures_util::FutureExt;
use nix::sys::signal::Signal;
use serde_json::json;
use stack::{Process, Running};
use test_support::{eventually, token_by};
use tokio::time::sleep;

use crate::{
    load::message,
    page::{dead_letters_line, operations_block, operations_line},
    system::OperatedSystem,
};

/// Alerts on metrics of exporters, and on the state of a machine: docs/operations/monitoring.md says why
/// no test causes them.
const OF_EXPORTERS: [&str; 8] = [
    "ArchivingFailing",
    "CertificateExpiring",
    "CertificateFailing",
    "ClockUnsynchronized",
    "DiskFilling",
    "DiskNearFull",
    "ReplicationLagging",
    "StandbyDisconnected",
];

const DEPENDENCIES_DOWN: [&str; 8] = [
    "AttachmentStoreDown",
    "DatabaseRefusing",
    "HistoryFailing",
    "OldestMessageTooOld",
    "PusherUnavailable",
    "QueueGrowing",
    "QueueNearFull",
    "UploadsFailing",
];
const QUEUE_FULL: [&str; 4] =
    ["AcceptingBudgetBurnsFast", "AcceptingBudgetBurnsSlowly", "PublishesRefused", "QueueRefusing"];
const BROKER_SHORT_OF_SPACE: [&str; 2] = ["BrokerBlocked", "BrokerDiskNearLimit"];
const PERSISTER_DOWN: [&str; 5] = [
    "DatabasePoolExhausted",
    "InstanceDown",
    "PusherRefusing",
    "QueueWithoutConsumer",
    "ServiceDown",
];
const CLOCKS_WRONG: [&str; 5] = [
    "ConfirmsSlow",
    "DeadLettersNearFull",
    "DeadLettersWaiting",
    "GatewayClockAhead",
    "PersisterClockOff",
];

#[tokio::test(flavor = "multi_thread")]
async fn each_alert_fires_and_is_resolved_with_the_commands_of_its_runbook() {
    let system = OperatedSystem::start().await;
    let incidents = async {
        each_alert_is_caused(&system).await;
        system.check(&OF_EXPORTERS).await;
        dependencies_are_down_and_the_broker_is_full(&system).await;
        the_persister_is_down_and_reads_wait(&system).await;
        clocks_are_wrong_and_confirms_slow(&system).await;
    };
    let outcome = AssertUnwindSafe(incidents).catch_unwind().await;
    if outcome.is_err() {
        system.print_state().await;
    }
    // Also after a failure: the servers do not end with this process.
    system.stop().await;
    outcome.unwrap_or_else(|panic| resume_unwind(panic));
}

/// Checks that each alert is in one of the lists.
async fn each_alert_is_caused(system: &OperatedSystem) {
    let lists: [&[&str]; 6] = [
        &DEPENDENCIES_DOWN,
        &QUEUE_FULL,
        &BROKER_SHORT_OF_SPACE,
        &PERSISTER_DOWN,
        &CLOCKS_WRONG,
        &OF_EXPORTERS,
    ];
    let caused: BTreeSet<_> = lists.concat().into_iter().map(ToOwned::to_owned).collect();
    assert_eq!(caused, system.all_alerts().await);
}

async fn dependencies_are_down_and_the_broker_is_full(system: &OperatedSystem) {
    system.run(&operations_line(". deploy/operator.sh; mv .local/postgres/data")).await;
    system.pusher.fault(&json!({ "kind": "status", "status": 500 })).await;
    let away = system.attachments().with_extension("away");
    fs::rename(system.attachments(), &away).unwrap();
    system.fires_and_is_checked(&DEPENDENCIES_DOWN).await;

    let full = r#"{"max-length":1,"overflow":"reject-publish"}"#;
    let policy =
        format!("rabbitmqctl set_policy full 'chat.broadcast$' '{full}' --apply-to queues");
    system.run(&policy).await;
    system.fires_and_is_checked(&QUEUE_FULL).await;
    system.run("rabbitmqctl clear_policy full").await;

    // More than any disk has: what else is written to this one does not matter.
    system.run("rabbitmqctl set_disk_free_limit 1000000000000000").await;
    system.fires_and_is_checked(&BROKER_SHORT_OF_SPACE).await;

    system.run("rabbitmqctl set_disk_free_limit 50MB").await;
    system.run(&operations_line("mv .local/postgres/data.away")).await;
    system.pusher.behave().await;
    fs::rename(&away, system.attachments()).unwrap();
    let all: [&[&str]; 3] = [&DEPENDENCIES_DOWN, &QUEUE_FULL, &BROKER_SHORT_OF_SPACE];
    system.is_resolved(&all.concat()).await;
    let verified = system.run(&operations_block("queues\npersister dead-letters list")).await;
    assert!(verified.contains("(0 rows)"), "{verified}");
}

async fn the_persister_is_down_and_reads_wait(system: &OperatedSystem) {
    let persister = &system.stack.services.persister;
    stop(&persister.process, Signal::SIGTERM);
    system.pusher.fault(&json!({ "kind": "status", "status": 401 })).await;
    let lock = "BEGIN; LOCK TABLE chat_messages IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)";
    // The shell in the background must not hold the output open, for whose end `run` waits.
    system.run(&format!("(exec >locked 2>&1; sql --command='{lock}') &")).await;
    system.fires_and_is_checked(&PERSISTER_DOWN).await;
    system.fires_with("ServiceDown", "service=\"persister\"").await;
    system.fires_with("InstanceDown", "job=\"persister\"").await;
    system.fires_with("QueueWithoutConsumer", "queue=\"chat.persist\"").await;
    system.fires_with("PusherRefusing", "outcome=\"unauthorized\"").await;

    system.run(&format!(
        "sql --command=\"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = '{lock}'\""
    ))
    .await;
    system.pusher.behave().await;
    persister.process.resume_restart();
    persister.ready().await.unwrap();
    system.is_resolved(&PERSISTER_DOWN).await;
}

async fn clocks_are_wrong_and_confirms_slow(system: &OperatedSystem) {
    let services = &system.stack.services;
    tokio::join!(restart(&services.gateway), restart(&services.persister));
    system.gateway_clock.set(30_000).unwrap();
    system.persister_clock.set(-30_000).unwrap();
    let constraint = "CONSTRAINT no_sword";
    system
        .run(&format!(
            "sql --command=\"ALTER TABLE chat_messages ADD {constraint} CHECK (content NOT LIKE '%sword%')\""
        ))
        .await;
    send(system, "my sword is gone").await;
    let broker = system.stack.servers.rabbitmq.process();
    tokio::select! {
        () = system.fires(&["ConfirmsSlow"]) => {}
        () = async {
            loop {
                for (signal, milliseconds) in [(Signal::SIGSTOP, 900), (Signal::SIGCONT, 200)] {
                    broker.signal(signal);
                    sleep(Duration::from_millis(milliseconds)).await;
                }
            }
        } => {}
    }
    broker.signal(Signal::SIGCONT);
    system.fires_and_is_checked(&CLOCKS_WRONG).await;

    system.gateway_clock.set(0).unwrap();
    system.persister_clock.set(0).unwrap();
    system.run(&format!("sql --command='ALTER TABLE chat_messages DROP {constraint}'")).await;
    system.run(&dead_letters_line("persister dead-letters replay  ")).await;
    system.is_resolved(&CLOCKS_WRONG).await;
    let messages = "sql --tuples-only --command=\"SELECT content FROM chat_messages WHERE content LIKE '%sword%'\"";
    eventually("the dead letter is persisted", async || {
        system.run(messages).await.contains("my sword is gone").then_some(())
    })
    .await;
}

/// Ends a process, which is not restarted until [`Process::resume_restart`].
fn stop(process: &Process, signal: Signal) {
    process.suspend_restart();
    process.signal(signal);
}

async fn restart(running: &Running) {
    let before = running.process.identity();
    running.process.signal(Signal::SIGTERM);
    running.process.replaced(before).await.unwrap();
    running.ready().await.unwrap();
}

/// Sends a message, which is accepted.
async fn send(system: &OperatedSystem, content: &str) {
    let secret = system.variables.get("AUTH_JWT_SECRET").unwrap();
    let (http, base) = (reqwest::Client::new(), system.variables.get("GATEWAY_URL").unwrap());
    let sent = message(&http, &format!("{base}/api"), "player-sword", content)
        .bearer_auth(token_by(secret, "player", "player-sword"))
        .send();
    assert_eq!(sent.await.unwrap().status(), 202);
}
