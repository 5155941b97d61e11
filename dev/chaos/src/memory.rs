use std::fs;

use anyhow::{Context, ensure};
use stack::Service;

use crate::drill::Drill;

/// The resident memory of a process now, and its maximum so far, in bytes.
///
/// # Errors
/// When `/proc` has no entry for the process.
pub fn resident_memory(pid: i32) -> anyhow::Result<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let bytes = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kibibytes: u64 = value.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes * 1024)
    };
    bytes("VmRSS:").zip(bytes("VmHWM:")).context("no VmRSS or VmHWM")
}

/// The memory limit of a service in docker-compose.yml and deploy/kubernetes, in mebibytes.
fn limit(service: Service) -> Option<u64> {
    match service {
        Service::Gateway => Some(1024),
        Service::Persister => Some(192),
        Service::Broadcaster => Some(128),
        Service::LocalPusher => None,
    }
}

/// Notes the memory peak of each service, and checks that none exceeds its limit.
///
/// # Errors
/// When a service exceeds its limit, or `/proc` cannot be read.
pub(crate) fn ensure_memory_limits(drill: &mut Drill) -> anyhow::Result<()> {
    for running in drill.deployment.services() {
        let Some(limit) = limit(running.service) else { continue };
        let (_, peak) = resident_memory(running.process.identity().pid())?;
        let peak = peak / (1024 * 1024);
        drill.notes.push(format!("{} at most {peak} MiB", running.process.name()));
        ensure!(peak <= limit, "{} needed {peak} of {limit} MiB", running.process.name());
    }
    Ok(())
}
