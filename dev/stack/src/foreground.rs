use std::{
    io::{self, IsTerminal},
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::Context;
use nix::sys::signal::Signal;
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use crate::{Identity, Supervisor, leftovers};

const NAME: &str = "command";

/// A command that speaks to the caller's output itself, and is not started again when it ends. It
/// belongs to the supervisor's directory like every other process.
#[derive(Debug)]
pub struct Foreground {
    child: Child,
    identity: Identity,
    directory: PathBuf,
}

impl Foreground {
    /// Starts it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(supervisor: &Supervisor, mut command: Command) -> anyhow::Result<Self> {
        // In a process group of its own it may not read from a terminal: it would be halted.
        if io::stdin().is_terminal() {
            command.stdin(Stdio::null());
        }
        let directory = supervisor.directory();
        let child = command
            .process_group(0)
            .kill_on_drop(true)
            .env(leftovers::MARK, leftovers::mark(directory))
            .spawn()
            .with_context(|| {
                format!("cannot start {}", command.as_std().get_program().display())
            })?;
        let identity =
            child.id().and_then(Identity::of).context("/proc does not show the command")?;
        leftovers::record(directory, NAME, identity, Signal::SIGTERM)
            .context("cannot note the command")?;
        Ok(Self { child, identity, directory: directory.to_owned() })
    }

    /// Waits until it ends, and kills what is left of its process group then.
    ///
    /// # Errors
    /// When the system cannot tell how it ended.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.identity.signal_group(Signal::SIGKILL);
        leftovers::forget(&self.directory, NAME);
        status
    }

    /// Passes a signal on, to the command and to what it started.
    pub fn signal(&self, signal: Signal) {
        if self.identity.is_alive() {
            self.identity.signal_group(signal);
        }
    }

    /// Waits until it ends, but not longer than `limit`: then it is killed.
    ///
    /// # Errors
    /// When the system cannot tell how it ended.
    pub async fn end_within(&mut self, limit: Duration) -> io::Result<ExitStatus> {
        match timeout(limit, self.wait()).await {
            Ok(status) => status,
            Err(_) => {
                self.signal(Signal::SIGKILL);
                self.wait().await
            }
        }
    }
}
