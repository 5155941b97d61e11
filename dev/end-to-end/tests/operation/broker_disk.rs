//! The loss of the disks of all of RabbitMQ's nodes, in the middle of traffic.

use std::{collections::HashSet, fs};

use nix::sys::signal::Signal;
use stack::{RabbitMq, RabbitMqSettings, Service};
use test_support::{System, eventually};

use crate::{
    fleet::Fleet,
    programs::{Programs, Release},
    senders::Sender,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_disk_of_rabbitmq_loses_what_was_not_persisted_and_nothing_else() {
    let system = System::new().await;
    let mut programs = Programs::new().await;
    let rabbitmq =
        RabbitMq::start(&programs.supervisor, &RabbitMqSettings::default()).await.unwrap();
    programs.use_servers(&system.database.url, rabbitmq.url());
    let own = [("AUTH_MODE", "off")];
    let fleet = Fleet::start(&programs, Release::current(), &[], &own).await;
    let release = Release::current();
    let start_persister =
        async |name| programs.start(&release, Service::Persister, name, &own).await;
    let ids = async || -> HashSet<String> {
        let ids = "SELECT id::text AS text FROM chat_messages";
        system.database.texts(ids).await.into_iter().collect()
    };

    let persister = start_persister("persister-1").await;
    let mut sender = Sender::start("p1", fleet.apis());
    sender.wait_for_progress().await;
    persister.process.stop().await;
    let kept = ids().await;
    // These are only in the queue.
    sender.wait_for_progress().await;

    let process = rabbitmq.process();
    process.suspend_restart();
    let running = process.identity();
    process.signal(Signal::SIGKILL);
    eventually("RabbitMQ has ended", async || (!running.is_alive()).then_some(())).await;
    let accepted_until_the_loss = sender.accepted();
    fs::remove_dir_all(programs.supervisor.directory().join("rabbitmq/data")).unwrap();
    process.resume_restart();
    rabbitmq.ready().await.unwrap();
    // The services declare the queues again.
    let _persister = start_persister("persister-2").await;
    sender.wait_for_progress().await;

    let sent = sender.stop().await;
    // The sender may have been waiting for this answer when RabbitMQ ended.
    let since: HashSet<_> = sent.iter().skip(accepted_until_the_loss + 1).cloned().collect();
    let persisted = eventually("all messages since the loss are persisted", async || {
        let ids = ids().await;
        since.is_subset(&ids).then_some(ids)
    })
    .await;
    assert!(kept.is_subset(&persisted), "{:?} are missing", kept.difference(&persisted));
    let lost = sent.iter().filter(|id| !persisted.contains(*id)).count();
    assert!((20..=accepted_until_the_loss + 1 - kept.len()).contains(&lost), "{lost} are lost");
    programs.supervisor.stop().await;
}
