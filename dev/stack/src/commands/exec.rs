use std::{
    ffi::OsString,
    os::unix::process::ExitStatusExt,
    process::{ExitCode, ExitStatus},
    time::Duration,
};

use anyhow::Context;
use clap::Args;
use nix::sys::signal::Signal;
use stack::{Console, Foreground, Servers, Supervisor};
use tokio::process::Command;

use super::{Installed, Interrupts, Place, interrupts::exit_code};

/// How long the command may take to end after it was interrupted.
const LIMIT: Duration = Duration::from_secs(10);

/// The settings of `stack exec`.
#[derive(Args, Debug)]
pub struct Exec {
    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    installed: Installed,

    /// The command, which finds the servers in TEST_DATABASE_URL and TEST_AMQP_URL
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

impl Exec {
    /// Ends as the command ends. The servers begin empty; afterwards their data and logs stay to be
    /// looked at, until the next time.
    pub async fn run(self, interrupts: &mut Interrupts) -> anyhow::Result<ExitCode> {
        let console = Console::errors();
        let supervisor = Supervisor::take(&self.place.directory, console).await?;
        let outcome = self.run_within(&supervisor, interrupts).await;
        interrupts.stop(&supervisor).await;
        outcome
    }

    async fn run_within(
        &self,
        supervisor: &Supervisor,
        interrupts: &mut Interrupts,
    ) -> anyhow::Result<ExitCode> {
        Servers::erase(supervisor)?;
        let settings = self.installed.settings();
        let servers = tokio::select! {
            servers = Servers::start(supervisor, &settings) => servers?,
            signal = interrupts.next() => return Ok(exit_code(signal as i32)),
        };
        let mut command = Foreground::start(supervisor, self.command(&servers)?)?;
        let signal = tokio::select! {
            status = command.wait() => return Ok(code_of(status?)),
            signal = interrupts.next() => signal,
        };
        command.signal(signal);
        tokio::select! {
            status = command.end_within(LIMIT) => drop(status?),
            _ = interrupts.next() => command.signal(Signal::SIGKILL),
        }
        Ok(exit_code(signal as i32))
    }

    fn command(&self, servers: &Servers) -> anyhow::Result<Command> {
        let (program, arguments) = self.command.split_first().context("no command")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("TEST_DATABASE_URL", servers.postgres.url())
            .env("TEST_AMQP_URL", servers.rabbitmq.url());
        Ok(command)
    }
}

fn code_of(status: ExitStatus) -> ExitCode {
    match (status.code(), status.signal()) {
        (Some(code), _) => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, Some(signal)) => exit_code(signal),
        (None, None) => ExitCode::FAILURE,
    }
}
