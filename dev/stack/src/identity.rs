use std::fs;

use anyhow::Context;
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};

/// One process. The system uses a process id again after its process has ended, but not a process id
/// with the same start time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub(crate) pid: i32,
    /// Clock ticks between the start of the machine and that of the process.
    pub(crate) started: u64,
}

impl Identity {
    /// The running process with this id.
    pub fn of(pid: u32) -> Option<Self> {
        let pid = i32::try_from(pid).ok()?;
        let (_, started) = state_and_start(pid)?;
        Some(Self { pid, started })
    }

    /// This process.
    ///
    /// # Errors
    /// When `/proc` does not show it.
    pub fn own() -> anyhow::Result<Self> {
        Self::of(std::process::id()).context("/proc does not show this process")
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Whether the process runs. A zombie does not.
    pub fn is_alive(&self) -> bool {
        state_and_start(self.pid)
            .is_some_and(|(state, started)| started == self.started && state != 'Z' && state != 'X')
    }

    /// Sends a signal to the process if it still runs.
    pub fn signal(&self, signal: Signal) {
        if self.is_alive() {
            // It may have ended meanwhile.
            kill(Pid::from_raw(self.pid), signal).ok();
        }
    }

    /// Sends a signal to every process of the group that the process leads or led.
    ///
    /// The leader must live or have ended just now: later, another process may have its id.
    pub(crate) fn signal_group(&self, signal: Signal) {
        // Usually the group has ended with its leader.
        killpg(Pid::from_raw(self.pid), signal).ok();
    }
}

/// The third and the 22nd field of `/proc/PID/stat`, counted from the end of the second: that is the
/// name of the program in brackets, which may contain any character.
fn state_and_start(pid: i32) -> Option<(char, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let state = fields.chars().next()?;
    let started = fields.split(' ').nth(19)?.parse().ok()?;
    Some((state, started))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reused_process_id_is_another_identity() {
        let own = Identity::own().unwrap();
        let earlier = Identity { started: own.started - 1, ..own };
        assert!(own.is_alive());
        assert!(!earlier.is_alive());
    }
}
