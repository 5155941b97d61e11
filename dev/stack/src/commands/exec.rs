use std::{
    ffi::OsString,
    os::unix::process::ExitStatusExt,
    process::{ExitCode, ExitStatus},
};

use anyhow::Context;
use clap::Args;
use stack::{Console, Output, Program, Servers, Supervisor};
use tokio::process::Command;

use super::{Installed, Interrupts, Place, interrupts::exit_code};

/// The settings of `stack exec`.
#[derive(Args, Debug)]
pub struct Exec {
    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    installed: Installed,

    /// The command. TEST_DATABASE_URL and TEST_AMQP_URL give it the addresses of the servers
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

impl Exec {
    /// Exits as the command does. The servers start empty. Their data and logs remain until the
    /// next run. PostgreSQL records the statements, which dev/statements checks.
    pub async fn run(self, interrupts: &mut Interrupts) -> anyhow::Result<ExitCode> {
        let supervisor = Supervisor::take(&self.place.directory, Console::Errors).await?;
        let outcome = tokio::select! {
            outcome = self.run_within(&supervisor) => outcome,
            signal = interrupts.next() => Ok(exit_code(signal as i32)),
        };
        interrupts.stop(&supervisor).await;
        outcome
    }

    async fn run_within(&self, supervisor: &Supervisor) -> anyhow::Result<ExitCode> {
        Servers::erase(supervisor)?;
        let mut settings = self.installed.settings();
        let recorder = [
            ("shared_preload_libraries", "pg_stat_statements"),
            ("pg_stat_statements.max", "50000"),
            ("pg_stat_statements.track_utility", "off"),
        ];
        let recorder = recorder.map(|(name, value)| (name.to_owned(), value.to_owned()));
        settings.postgres.further.extend(recorder);
        let servers = Servers::start(supervisor, &settings).await?;
        let (program, arguments) = self.command.split_first().context("no command")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("TEST_DATABASE_URL", servers.postgres.url())
            .env("TEST_AMQP_URL", servers.rabbitmq.url());
        let mut program = Program::from_command("command", command);
        program.output = Output::Inherited;
        Ok(code_of(supervisor.start(program)?.wait().await?))
    }
}

fn code_of(status: ExitStatus) -> ExitCode {
    match (status.code(), status.signal()) {
        (Some(code), _) => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, Some(signal)) => exit_code(signal),
        (None, None) => ExitCode::FAILURE,
    }
}
