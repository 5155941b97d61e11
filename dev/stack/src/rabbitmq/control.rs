use std::{process::Stdio, time::Duration};

use anyhow::{Context, ensure};
use tokio::time::timeout;

use super::RabbitMq;
use crate::leftovers;

/// For one call of the program; most take a second.
const LIMIT: Duration = Duration::from_secs(60);

impl RabbitMq {
    /// Runs `rabbitmqctl` for this node, and returns what it prints, without announcements.
    ///
    /// # Errors
    /// When it fails, with what it says; when it does not end within a minute, as one does that asks
    /// a node that is halted.
    pub async fn control(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = self.tools.command("rabbitmqctl");
        command
            .args(["--quiet", "--node", &self.name])
            .args(arguments)
            .env(leftovers::MARK, leftovers::mark(self.tools.directory()))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let order = arguments.join(" ");
        let output = timeout(LIMIT, command.output())
            .await
            .with_context(|| format!("rabbitmqctl {order} did not end"))?
            .context("cannot start rabbitmqctl")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        let answer = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "rabbitmqctl {order} failed: {errors}{answer}");
        Ok(answer.into_owned())
    }

    /// Its version, such as `4.0.5`.
    ///
    /// # Errors
    /// Those of [`control`](Self::control).
    pub async fn version(&self) -> anyhow::Result<String> {
        Ok(self.control(&["version"]).await?.trim().to_owned())
    }
}
