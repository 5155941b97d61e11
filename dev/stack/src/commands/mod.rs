mod down;
mod exec;
mod interrupts;
mod run;
mod status;
mod summary;
mod up;

use std::{
    env,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Parser};
use stack::{Console, ServerSettings};

use self::interrupts::Interrupts;

/// Runs the whole system for development and tests: a private PostgreSQL and RabbitMQ, and the
/// services. They listen on the loopback address only, and keep their files in one directory.
#[derive(Debug, Parser)]
#[command(version)]
pub enum Command {
    /// Starts everything and prints the logs; Ctrl-C stops everything
    Run(run::Run),
    /// Starts everything in the background, and returns when it is ready
    Up(up::Up),
    /// Stops everything that runs in the directory
    Down(Place),
    /// Shows what runs in the directory; exits with 3 when nothing runs
    Status(Place),
    /// Runs a command with an empty PostgreSQL and an empty RabbitMQ, without the services
    Exec(exec::Exec),
}

/// Where a system is.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// The directory that holds its data, logs and secrets
    #[arg(long = "dir", value_name = "DIR", default_value = ".local")]
    directory: PathBuf,
}

/// The services' programs.
#[derive(Args, Clone, Debug)]
pub struct Binaries {
    /// The directory of the services' programs [default: the directory of this program]
    #[arg(long = "bin-dir", value_name = "DIR")]
    binaries: Option<PathBuf>,
}

/// The installed servers.
#[derive(Args, Clone, Debug)]
pub struct Installed {
    /// A directory with a root file system whose RabbitMQ is used instead of the installed one;
    /// needs root
    #[arg(long, value_name = "DIR", env = "RABBITMQ_ROOT")]
    rabbitmq_root: Option<PathBuf>,
}

impl Installed {
    fn settings(&self) -> ServerSettings {
        let mut settings = ServerSettings::default();
        settings.rabbitmq.root.clone_from(&self.rabbitmq_root);
        settings
    }
}

impl Binaries {
    fn directory(&self) -> anyhow::Result<PathBuf> {
        match &self.binaries {
            Some(directory) => Ok(directory.clone()),
            None => {
                let own = env::current_exe().context("cannot find this program")?;
                Ok(own.parent().unwrap_or(Path::new("/")).to_owned())
            }
        }
    }
}

impl Command {
    /// Runs the command, and prints a failure to standard error.
    pub async fn run(self) -> ExitCode {
        let done = async {
            match self {
                Self::Run(run) => run.run(&mut Interrupts::listen()?).await,
                Self::Up(up) => up.run(&mut Interrupts::listen()?).await,
                Self::Down(place) => down::run(&place.directory).await,
                Self::Status(place) => status::run(&place.directory),
                Self::Exec(exec) => exec.run(&mut Interrupts::listen()?).await,
            }
        };
        done.await.unwrap_or_else(|error: anyhow::Error| {
            Console::Errors.print(&format!("{error:#}"));
            ExitCode::FAILURE
        })
    }
}

/// Prints to standard output. Ignores EPIPE, as of a reader such as `head`.
fn print(text: &str) {
    writeln!(io::stdout(), "{text}").ok();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_well_formed() {
        super::Command::command().debug_assert();
    }
}
