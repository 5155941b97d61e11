use std::{convert::Infallible, future::pending, process::ExitCode};

use anyhow::Context;
use clap::Args;
use nix::unistd::setsid;
use stack::{Console, Stack, Supervisor, Variables};

use super::{Binaries, Installed, Interrupts, Place, summary};

/// The settings of `stack run`.
#[derive(Args, Debug)]
pub struct Run {
    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    installed: Installed,

    #[command(flatten)]
    binaries: Binaries,

    /// Leaves the terminal, and does not print the logs of the processes: for `stack up`
    #[arg(long, hide = true)]
    detached: bool,
}

impl Run {
    /// Runs until a signal arrives or the start fails.
    pub async fn run(self, interrupts: &mut Interrupts) -> anyhow::Result<ExitCode> {
        let console = if self.detached {
            setsid().context("cannot leave the terminal")?;
            Console::Output
        } else {
            Console::OutputAndLogs
        };
        let supervisor = Supervisor::take(&self.place.directory, console).await?;
        let stopped = tokio::select! {
            failed = self.serve(&supervisor) => failed.map(|never| match never {}),
            signal = interrupts.next() => Ok(signal),
        };
        match &stopped {
            Ok(signal) => console.print(&format!("{signal}: stopping everything")),
            Err(error) => console.print(&format!("{error:#}\nstopping everything")),
        }
        interrupts.stop(&supervisor).await;
        console.print("everything has stopped");
        Ok(if stopped.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn serve(&self, supervisor: &Supervisor) -> anyhow::Result<Infallible> {
        let binaries = self.binaries.directory()?;
        let _stack =
            Stack::start(supervisor, &binaries, &self.installed.settings(), &Variables::default())
                .await?;
        let variables = Variables::read(&supervisor.environment_file())?;
        let text = summary::text(&variables, supervisor.directory());
        supervisor.console().print(&text);
        supervisor.console().print("Ctrl-C stops everything");
        pending().await
    }
}
