//! What processes take of the machine.

use std::fs;

use anyhow::Context;
use nix::unistd::{SysconfVar, sysconf};

/// Seconds of CPU that a process and all that it started have used so far.
///
/// # Errors
/// When `/proc` does not tell.
pub fn cpu_seconds(pid: i32) -> anyhow::Result<f64> {
    let ticks = sysconf(SysconfVar::CLK_TCK)?.context("no clock ticks")?;
    Ok(family(pid)?.into_iter().map(used_ticks).sum::<u64>() as f64 / ticks as f64)
}

/// The memory that a process has now, and the most that it ever had, in MB.
///
/// # Errors
/// When `/proc` does not tell.
pub fn memory(pid: i32) -> anyhow::Result<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let megabytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kibibytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes * 1024.0 / 1e6)
    };
    megabytes("VmRSS:").zip(megabytes("VmHWM:")).context("no VmRSS or VmHWM")
}

fn family(pid: i32) -> anyhow::Result<Vec<i32>> {
    let mut family = vec![pid];
    let mut seen = 0;
    while let Some(parent) = family.get(seen) {
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
        // One that has just ended has none any more.
        let children = children.unwrap_or_default();
        family.extend(children.split_whitespace().filter_map(|it| it.parse::<i32>().ok()));
        seen += 1;
    }
    Ok(family)
}

/// Its own, and those of its children that have ended.
///
/// Source: `proc_pid_stat(5)`, fields 14 to 17.
fn used_ticks(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |it| it.1);
    let fields = after_name.split_whitespace().skip(11).take(4);
    fields.filter_map(|it| it.parse::<u64>().ok()).sum()
}
