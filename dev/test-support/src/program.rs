use std::process::{Command, ExitStatus};

use crate::{Api, ChildProcess};

/// A service's program in a process of its own.
pub struct Program {
    process: ChildProcess,
    addr: String,
    metrics: String,
}

impl Program {
    /// Starts the program at `path`, and waits until it listens.
    pub(crate) async fn start(path: &str, arguments: &[String]) -> Self {
        let mut command = Command::new(path);
        command.env_clear().args(arguments).arg("--log=info");
        let mut process = ChildProcess::start(command);
        let addr = process.log_field("listen").await;
        // A worker serves its metrics at the same address.
        let metrics = process.logged_field("metrics_listen").unwrap_or_else(|| addr.clone());
        Self { process, addr, metrics }
    }

    /// A client of the program.
    pub fn api(&self) -> Api {
        Api::new(format!("http://{}", self.addr), format!("http://{}", self.metrics))
    }

    /// Sends SIGTERM and waits until the program has ended.
    ///
    /// # Panics
    /// When the program runs for longer than container engines wait by default.
    pub async fn stop(self) -> ExitStatus {
        self.process.stop().await
    }
}
