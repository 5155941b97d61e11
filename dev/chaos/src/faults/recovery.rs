//! PostgreSQL's host is lost, and its server is restored as docs/operations/backup.md describes.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, ensure};
use futures_util::FutureExt;
use nix::sys::signal::Signal;
use tokio::process::Command;

use crate::{drill::Drill, fault::Fault, plan::Plan};

/// The operators' scripts.
const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy");

pub(super) fn faults() -> Vec<Fault> {
    vec![Fault {
        name: "postgres-restored",
        description: "PostgreSQL is lost, and restored from a base backup and its log",
        plan: Plan::usual,
        inflict: |drill| restored(drill).boxed_local(),
    }]
}

async fn restored(drill: &mut Drill) -> anyhow::Result<()> {
    let directory = drill.deployment.directory().join("backup");
    let (backup, archive) = (directory.join("base"), directory.join("wal"));
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir_all(&archive)?;
    archive_log(drill, &archive).await?;
    let url = drill.deployment.postgres.url().to_owned();
    let mut copy = Command::new(script("base-backup.sh"));
    succeed(copy.arg(&backup).env("DATABASE_URL", url)).await?;
    drill.run_for(20).await;

    let postgres = drill.deployment.postgres.process();
    let lost = postgres.identity();
    postgres.suspend_restart();
    // All of its processes end without a checkpoint.
    postgres.signal(Signal::SIGQUIT);
    let has_ended = async |_: &Drill| !lost.is_alive();
    drill.wait_until("PostgreSQL has ended", has_ended).await?;
    drill.run_for(10).await;
    drill.wait_until_broadcast().await?;

    let began = Instant::now();
    let data = drill.deployment.directory().join("postgres/data");
    let mut restore = Command::new(script("restore-base-backup.sh"));
    succeed(restore.arg(&backup).arg(&archive).arg(&data)).await?;
    drill.deployment.postgres.process().resume_restart();
    drill.deployment.postgres.ready().await?;
    drill.notes.push(format!("restored within {:.1?}", began.elapsed()));
    Ok(())
}

/// Has PostgreSQL archive its log, for which it must restart.
async fn archive_log(drill: &Drill, archive: &Path) -> anyhow::Result<()> {
    let database = drill.deployment.database().await?;
    let command = script("database/archive-wal.sh");
    let command = format!("{} {} %p %f", command.display(), archive.display());
    database.batch_execute("ALTER SYSTEM SET archive_mode = on").await?;
    database.batch_execute(&format!("ALTER SYSTEM SET archive_command = '{command}'")).await?;
    let postgres = drill.deployment.postgres.process();
    let running = postgres.identity();
    postgres.signal(Signal::SIGINT);
    postgres.replaced(running).await.context("PostgreSQL was not restarted")?;
    drill.deployment.postgres.ready().await
}

fn script(name: &str) -> PathBuf {
    Path::new(DEPLOY).join(name)
}

/// Runs a command that must succeed.
async fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let output = command.kill_on_drop(true).output().await?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed: {errors}");
    Ok(())
}
