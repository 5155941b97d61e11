use std::{path::Path, process::ExitCode};

use stack::{Variables, holder, recorded};

use super::{answer, summary};

/// What init scripts say for "not running".
const NOT_RUNNING: u8 = 3;

/// Shows whether a supervisor runs, its processes, and where everything is.
pub fn run(directory: &Path) -> anyhow::Result<ExitCode> {
    let holder = holder(directory);
    let processes = recorded(directory);
    match holder {
        Some(holder) => answer(&format!("running, as process {}", holder.pid())),
        None => answer(&format!("nothing runs in {}", directory.display())),
    }
    for process in processes {
        let pid = process.identity.pid();
        match (process.identity.is_alive(), holder) {
            (true, Some(_)) => answer(&format!("  {:<13} process {pid}", process.name)),
            (true, None) => answer(&format!("  {:<13} process {pid}, left over", process.name)),
            (false, _) => answer(&format!("  {:<13} not running", process.name)),
        }
    }
    if holder.is_none() {
        return Ok(ExitCode::from(NOT_RUNNING));
    }
    let environment = directory.join("env");
    if environment.exists() {
        answer(&summary::text(&Variables::read(&environment)?, directory));
    } else {
        answer("not everything is ready");
    }
    Ok(ExitCode::SUCCESS)
}
