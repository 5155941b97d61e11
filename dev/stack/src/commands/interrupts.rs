use std::{io, process::ExitCode};

use nix::sys::signal::Signal;
use stack::Supervisor;
use tokio::signal::unix::{self, SignalKind};

/// The signals that ask this program to end.
#[derive(Debug)]
pub struct Interrupts {
    hang_up: unix::Signal,
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

impl Interrupts {
    /// Receives these signals instead of ending by them.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            hang_up: unix::signal(SignalKind::hangup())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.hang_up.recv() => Signal::SIGHUP,
            _ = self.interrupt.recv() => Signal::SIGINT,
            _ = self.terminate.recv() => Signal::SIGTERM,
        }
    }

    /// Stops everything in order. Ctrl-C meanwhile kills everything.
    pub async fn stop(&mut self, supervisor: &Supervisor) {
        let stopping = supervisor.stop();
        tokio::pin!(stopping);
        loop {
            tokio::select! {
                () = &mut stopping => return,
                _ = self.interrupt.recv() => {
                    supervisor.console().print("killing everything");
                    supervisor.kill();
                }
            }
        }
    }
}

/// The exit code that a shell gives to a process that a signal ended.
pub fn exit_code(signal: i32) -> ExitCode {
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
}
