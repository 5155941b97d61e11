use std::fs;

use anyhow::{Context, ensure};
use stack::Service;

use crate::drill::Drill;

/// The most memory that a process ever had at once, in mebibytes.
///
/// # Errors
/// When `/proc` does not tell.
fn peak_mebibytes(pid: i32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
    let kibibytes: u64 = kibibytes.context("no VmHWM")?.trim().parse()?;
    Ok(kibibytes / 1024)
}

/// What each service is given by docker-compose.yml and by deploy/kubernetes, in mebibytes.
fn limit(service: Service) -> Option<u64> {
    match service {
        Service::Gateway => Some(512),
        Service::Persister => Some(192),
        Service::Broadcaster => Some(128),
        Service::LocalPusher => None,
    }
}

/// Notes what each service needed, and makes sure that none needed more than it is given.
///
/// # Errors
/// When one did, or `/proc` does not tell.
pub fn ensure_memory_limits(drill: &mut Drill) -> anyhow::Result<()> {
    for running in drill.system.services() {
        let Some(limit) = limit(running.service) else { continue };
        let peak = peak_mebibytes(running.process.identity().pid())?;
        drill.notes.push(format!("{} at most {peak} MiB", running.process.name()));
        ensure!(peak <= limit, "{} needed {peak} of {limit} MiB", running.process.name());
    }
    Ok(())
}
