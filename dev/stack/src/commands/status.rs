use std::{path::Path, process::ExitCode};

use stack::{Variables, recorded, supervisor_of};

use super::{print, summary};

/// The exit code of init scripts for "not running".
const NOT_RUNNING: u8 = 3;

/// Prints whether a supervisor runs, its processes, and the addresses of the system.
pub fn run(directory: &Path) -> anyhow::Result<ExitCode> {
    let supervisor = supervisor_of(directory);
    match supervisor {
        Some(supervisor) => print(&format!("running, as process {}", supervisor.pid())),
        None => print(&format!("nothing runs in {}", directory.display())),
    }
    for process in recorded(directory) {
        let pid = process.identity.pid();
        let state = match (process.identity.is_alive(), supervisor) {
            (true, Some(_)) => format!("process {pid}"),
            (true, None) => format!("process {pid}, left over"),
            (false, _) => "not running".to_owned(),
        };
        print(&format!("  {:<13} {state}", process.name));
    }
    if supervisor.is_none() {
        return Ok(ExitCode::from(NOT_RUNNING));
    }
    let environment = directory.join("env");
    if environment.exists() {
        print(&summary::text(&Variables::read(&environment)?, directory));
    } else {
        print("not everything is ready");
    }
    Ok(ExitCode::SUCCESS)
}
