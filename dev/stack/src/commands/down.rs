use std::{path::Path, process::ExitCode, time::Duration};

use anyhow::ensure;
use nix::sys::signal::Signal;
use stack::{Console, Supervisor, recorded, supervisor_of};
use tokio::time::{Instant, sleep};

use super::print;

/// Longer than a stop in order takes.
const LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// Asks the supervisor to stop everything. Without one, stops what a killed supervisor left running.
pub async fn run(directory: &Path) -> anyhow::Result<ExitCode> {
    let Some(supervisor) = supervisor_of(directory) else {
        if recorded(directory).is_empty() {
            print(&format!("nothing runs in {}", directory.display()));
        } else {
            // It stops them.
            Supervisor::take(directory, Console::Output).await?;
            print("everything has stopped");
        }
        return Ok(ExitCode::SUCCESS);
    };
    let pid = supervisor.pid();
    print(&format!("stopping process {pid}"));
    supervisor.signal(Signal::SIGTERM);
    let deadline = Instant::now() + LIMIT;
    while supervisor.is_alive() {
        ensure!(
            Instant::now() < deadline,
            "process {pid} did not end within {} s",
            LIMIT.as_secs()
        );
        sleep(POLL).await;
    }
    print("everything has stopped");
    Ok(ExitCode::SUCCESS)
}
