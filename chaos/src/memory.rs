use std::fs;

use anyhow::Context;

/// The most memory that a process ever had at once, in mebibytes.
///
/// # Errors
/// When `/proc` does not tell.
pub fn peak_mebibytes(pid: i32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
    let kibibytes: u64 = kibibytes.context("no VmHWM")?.trim().parse()?;
    Ok(kibibytes / 1024)
}
