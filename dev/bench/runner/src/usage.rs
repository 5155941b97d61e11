//! CPU and memory of processes.

use std::fs;

use anyhow::Context;
use chaos::resident_memory;
use nix::unistd::{SysconfVar, sysconf};

/// Seconds of CPU that a process and its descendants have used.
///
/// # Errors
/// When the clock tick of the system is unknown.
pub fn cpu_seconds(pid: i32) -> anyhow::Result<f64> {
    let ticks = sysconf(SysconfVar::CLK_TCK)?.context("no clock ticks")?;
    Ok(family(pid)?.into_iter().map(used_ticks).sum::<u64>() as f64 / ticks as f64)
}

/// The resident memory of a process now, and its maximum so far, in MB.
///
/// # Errors
/// When `/proc` has no entry for the process.
pub fn memory(pid: i32) -> anyhow::Result<(f64, f64)> {
    let (now, peak) = resident_memory(pid)?;
    Ok((now as f64 / 1e6, peak as f64 / 1e6))
}

fn family(pid: i32) -> anyhow::Result<Vec<i32>> {
    let mut family = vec![pid];
    let mut seen = 0;
    while let Some(parent) = family.get(seen) {
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
        // A process that has ended has none.
        let children = children.unwrap_or_default();
        family.extend(children.split_whitespace().filter_map(|pid| pid.parse::<i32>().ok()));
        seen += 1;
    }
    Ok(family)
}

/// The clock ticks of a process and of its children that have ended.
///
/// Source: `proc_pid_stat(5)`, fields 14 to 17.
fn used_ticks(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let fields = after_name.split_whitespace().skip(11).take(4);
    fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}
