use std::path::Path;

use nix::sys::signal::Signal;
use tokio::process::Command;

/// What to start, and how to stop it.
#[derive(Debug)]
pub struct Program {
    /// Its name in logs and in the directory, which one process at a time may have.
    pub name: String,
    /// The command, which is run again when it ends.
    pub command: Command,
    /// Its place in the order of stopping.
    pub rank: Rank,
    /// The signal that asks it to end.
    pub stop_signal: Signal,
    /// Where its output goes.
    pub output: Output,
}

/// Where the output of a program goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// To its log file and to the console.
    Console,
    /// To its log file.
    LogFile,
    /// To the output of this process. Its input is that of this process too, unless that is a
    /// terminal: a process group of its own may not read from it.
    Inherited,
}

impl Program {
    /// A service that ends with this process, and is asked to end with SIGTERM.
    pub fn new(name: &str, program: impl AsRef<Path>) -> Self {
        let mut command = setpriv(Signal::SIGTERM);
        command.arg("--").arg(program.as_ref());
        Self::from_command(name, command)
    }

    /// The same for a command, which does not end with this process by itself.
    pub fn from_command(name: &str, command: Command) -> Self {
        Self {
            name: name.to_owned(),
            command,
            rank: Rank::Service,
            stop_signal: Signal::SIGTERM,
            output: Output::Console,
        }
    }
}

/// `setpriv`, which becomes the program of its further arguments. The kernel sends that program
/// `signal` when the thread that started it ends, such as with a killed supervisor.
pub(crate) fn setpriv(signal: Signal) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", signal.as_str()]);
    command
}

/// The order in which processes are stopped: those of one rank when all of the earlier have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// A program that uses the servers.
    Service,
    /// PostgreSQL or RabbitMQ.
    Server,
    /// A program that a server needs until its own end.
    Helper,
}

impl Rank {
    pub(crate) const STOP_ORDER: [Self; 3] = [Self::Service, Self::Server, Self::Helper];
}
