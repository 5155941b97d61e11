//! The store of attachments or the scanner is away, hangs or fails. Texts must be accepted meanwhile,
//! and each attachment of an accepted message must be readable afterwards, byte for byte.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use futures_util::FutureExt;
use nix::sys::signal::Signal;
use serde_json::Value;
use tokio::process::Command;

use crate::{
    drill::Drill,
    fault::Fault,
    load::{SentAttachment, Told, Uploaders},
    plan::{Plan, Scale, Store},
    s3_proxy::S3Fault,
};

/// The size of the small disk.
const DISK: &str = "8m";

/// The bytes that are written to the small disk: more than it has.
const FILLER: usize = 9 * 1024 * 1024;

/// How long the store is away, in seconds.
const OUTAGE: u64 = 30;

pub(super) fn faults() -> Vec<Fault> {
    let disk = |name, description, inflict| Fault { name, description, plan: on_disk, inflict };
    let s3 = |name, description, inflict| Fault { name, description, plan: in_s3, inflict };
    vec![
        disk("store-gone", "the directory of the attachments is gone for 30 s", |drill| {
            gone(drill).boxed_local()
        }),
        disk("store-full", "the disk of the attachments is full for 30 s; needs root", |drill| {
            full(drill).boxed_local()
        }),
        disk(
            "store-gateway-killed",
            "kill -9 of a gateway right after it stored a file, and right after it accepted its message",
            |drill| gateway_killed(drill).boxed_local(),
        ),
        s3("s3-refuses", "S3 closes every connection", |drill| {
            faulty_s3(drill, S3Fault::Refuse).boxed_local()
        }),
        s3("s3-hangs", "S3 answers nothing", |drill| faulty_s3(drill, S3Fault::Hang).boxed_local()),
        s3("s3-500", "S3 answers 500", |drill| {
            faulty_s3(drill, S3Fault::Status(500)).boxed_local()
        }),
        s3("s3-403", "S3 answers 403", |drill| {
            faulty_s3(drill, S3Fault::Status(403)).boxed_local()
        }),
        s3("s3-slow", "S3 takes and returns 160 KiB a second", |drill| {
            slow_s3(drill).boxed_local()
        }),
        Fault {
            plan: scanned,
            ..disk("scanner-away", "kill -9 of clamd, which is down for 30 s", |drill| {
                scanner_away(drill).boxed_local()
            })
        },
    ]
}

fn on_disk(scale: Scale) -> Plan {
    Plan::usual(scale)
}

fn in_s3(scale: Scale) -> Plan {
    Plan { store: Store::S3, ..Plan::usual(scale) }
}

fn scanned(scale: Scale) -> Plan {
    Plan { store: Store::Scanned, ..Plan::usual(scale) }
}

/// Inflicts a fault while clients upload, and reads all attachments afterwards.
async fn while_uploading(
    drill: &mut Drill,
    fault: impl AsyncFnOnce(&mut Drill, &Uploaders) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let gateways = drill.deployment.gateway_addresses();
    let uploaders = drill.load.start_uploaders(&gateways, &mut drill.random);
    uploaders.next(Told::Sent).await?;
    fault(drill, &uploaders).await?;
    uploaders.next(Told::Stored).await?;
    let refused = uploaders.refused();
    if let Some(unexpected) = uploaders.unexpected() {
        anyhow::bail!(unexpected);
    }
    let sent = uploaders.finish().await;
    drill.wait_until_persisted().await?;
    for attachment in &sent {
        ensure_readable(drill, attachment).await?;
    }
    let read = sent.len();
    drill.notes.push(format!("{read} attachments read byte for byte; {refused} uploads refused"));
    Ok(())
}

async fn ensure_readable(drill: &Drill, attachment: &SentAttachment) -> anyhow::Result<()> {
    let SentAttachment { player, id, bytes } = attachment;
    let addresses = drill.deployment.gateway_addresses();
    let gateway = addresses.first().context("there is no gateway")?;
    let path = format!("/api/unified-chat/conversations/{player}/attachments/{id}");
    let get = async |path: &str| -> anyhow::Result<Vec<u8>> {
        let answer = drill.deployment.get(&format!("http://{gateway}{path}")).await?;
        ensure!(answer.0 == 200, "attachment {id} was answered with {}", answer.0);
        Ok(answer.1)
    };
    let link: Value = serde_json::from_slice(&get(&path).await?)?;
    let url = link.get("url").and_then(Value::as_str).context("a link has no URL")?;
    ensure!(get(url).await? == *bytes, "attachment {id} has other bytes");
    Ok(())
}

/// Waits until each gateway finds that its store is down, and for the rest of the outage.
async fn store_outage(drill: &mut Drill, uploaders: &Uploaders) -> anyhow::Result<()> {
    wait_for_store(drill, "down").await?;
    outage(drill, uploaders).await?;
    Ok(())
}

/// Waits until uploads are refused, then for the rest of the outage, and checks that no text was
/// refused and that each gateway was ready.
async fn outage(drill: &mut Drill, uploaders: &Uploaders) -> anyhow::Result<()> {
    let before = drill.load.ledger().entries().refused;
    uploaders.wait_for_refusals(1).await?;
    drill.run_for(OUTAGE).await;
    for readiness in drill.deployment.readiness().await? {
        let state = |pointer| readiness.pointer(pointer).and_then(Value::as_str);
        ensure!(state("/status") == Some("ready"), "a gateway was not ready: {readiness}");
    }
    let refused = drill.load.ledger().entries().refused - before;
    ensure!(refused == 0, "{refused} texts were refused");
    Ok(())
}

/// Waits until each gateway shows its store in this state.
async fn wait_for_store(drill: &Drill, state: &str) -> anyhow::Result<()> {
    let is_in_state = async |drill: &Drill| {
        drill.deployment.readiness().await.is_ok_and(|answers| {
            let store = |answer: &Value| answer.pointer("/dependencies/attachments").cloned();
            answers.iter().all(|answer| store(answer).is_some_and(|store| store == state))
        })
    };
    drill.wait_until(&format!("the store is {state}"), is_in_state).await
}

async fn gone(drill: &mut Drill) -> anyhow::Result<()> {
    let directory = drill.deployment.attachment_directory();
    let aside = directory.with_extension("gone");
    while_uploading(drill, async |drill, uploaders| {
        remove_directory(&aside)?;
        fs::rename(&directory, &aside)?;
        store_outage(drill, uploaders).await?;
        // An upload that had begun may have created the directory again. It was refused.
        remove_directory(&directory)?;
        fs::rename(&aside, &directory)?;
        wait_for_store(drill, "up").await
    })
    .await
}

/// Removes the directory with all in it, if it exists.
fn remove_directory(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

async fn full(drill: &mut Drill) -> anyhow::Result<()> {
    let directory = drill.deployment.attachment_directory();
    let mount = async |arguments: &[&str]| -> anyhow::Result<bool> {
        Ok(Command::new(arguments.first().context("no program")?)
            .args(arguments.get(1..).unwrap_or_default())
            .arg(&directory)
            .status()
            .await?
            .success())
    };
    let size = format!("size={DISK}");
    // The gateways created it as they opened the store.
    let marker = directory.join("store");
    let marked = fs::read(&marker)?;
    if !mount(&["mount", "-t", "tmpfs", "-o", &size, "tmpfs"]).await? {
        drill.notes.push("not inflicted: a small disk cannot be mounted".to_owned());
        return Ok(());
    }
    fs::write(&marker, marked)?;
    let filler: PathBuf = directory.join("filler");
    let inflicted = while_uploading(drill, async |drill, uploaders| {
        // It fails when the disk is full.
        fs::write(&filler, vec![0; FILLER]).err().context("the disk is not full")?;
        store_outage(drill, uploaders).await?;
        fs::remove_file(&filler)?;
        wait_for_store(drill, "up").await
    })
    .await;
    let unmounted = mount(&["umount", "--lazy"]).await?;
    inflicted?;
    ensure!(unmounted, "the small disk cannot be unmounted");
    Ok(())
}

async fn gateway_killed(drill: &mut Drill) -> anyhow::Result<()> {
    while_uploading(drill, async |drill, uploaders| {
        for number in 0..drill.scale.pick(12, 2) {
            let told = if number % 2 == 0 { Told::Stored } else { Told::Sent };
            let address = uploaders.next(told).await?;
            let gateways = &drill.deployment.gateways;
            let victim = gateways.iter().find(|gateway| gateway.address == address);
            let victim = victim.context("another gateway answered")?;
            let killed = victim.process.identity();
            victim.process.signal(Signal::SIGKILL);
            victim.process.replaced(killed).await;
            victim.ready().await?;
        }
        Ok(())
    })
    .await
}

async fn faulty_s3(drill: &mut Drill, fault: S3Fault) -> anyhow::Result<()> {
    while_uploading(drill, async |drill, uploaders| {
        drill.deployment.s3()?.set(fault);
        store_outage(drill, uploaders).await?;
        drill.deployment.s3()?.set(S3Fault::None);
        wait_for_store(drill, "up").await
    })
    .await
}

async fn slow_s3(drill: &mut Drill) -> anyhow::Result<()> {
    while_uploading(drill, async |drill, uploaders| {
        let before = drill.load.ledger().entries().refused;
        drill.deployment.s3()?.set(S3Fault::Slow);
        uploaders.next(Told::Sent).await?;
        drill.run_for(OUTAGE).await;
        let refused = drill.load.ledger().entries().refused - before;
        ensure!(refused == 0, "{refused} texts were refused");
        drill.deployment.s3()?.set(S3Fault::None);
        wait_for_store(drill, "up").await
    })
    .await
}

async fn scanner_away(drill: &mut Drill) -> anyhow::Result<()> {
    while_uploading(drill, async |drill, uploaders| {
        let scanner = drill.deployment.clamd.as_ref().context("the plan has no scanner")?;
        let process = std::sync::Arc::clone(scanner.process());
        let killed = process.identity();
        process.suspend_restart();
        process.signal(Signal::SIGKILL);
        outage(drill, uploaders).await?;
        process.resume_restart();
        process.replaced(killed).await;
        Ok(())
    })
    .await
}
