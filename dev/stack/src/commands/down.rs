use std::{path::Path, process::ExitCode, time::Duration};

use anyhow::ensure;
use nix::sys::signal::Signal;
use stack::{Console, Supervisor, holder, recorded};
use tokio::time::{Instant, sleep};

use super::answer;

/// Longer than a stop in order may take.
const LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// Asks the supervisor to stop everything. When there is none, what one that was killed had left
/// running is stopped.
pub async fn run(directory: &Path) -> anyhow::Result<ExitCode> {
    let Some(holder) = holder(directory) else {
        if recorded(directory).is_empty() {
            answer(&format!("nothing runs in {}", directory.display()));
        } else {
            // Whoever takes the directory stops what is left in it.
            Supervisor::take(directory, Console::brief()).await?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    answer(&format!("stopping process {}", holder.pid()));
    holder.signal(Signal::SIGTERM);
    let deadline = Instant::now() + LIMIT;
    while holder.is_alive() {
        ensure!(
            Instant::now() < deadline,
            "process {} did not end within {} s",
            holder.pid(),
            LIMIT.as_secs()
        );
        sleep(POLL).await;
    }
    answer("everything has stopped");
    Ok(ExitCode::SUCCESS)
}
