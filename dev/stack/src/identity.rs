use std::{fmt, fs, str::FromStr};

use anyhow::Context;
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};

/// One process for as long as it lives. A process id is given out again after its process has
/// ended; a process id together with a start time is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pid: i32,
    /// Clock ticks since the machine started.
    started: u64,
}

impl Identity {
    /// The process that has this id now, if there is one.
    pub fn of(pid: u32) -> Option<Self> {
        let pid = i32::try_from(pid).ok()?;
        let (_, started) = state_and_start(pid)?;
        Some(Self { pid, started })
    }

    /// The process that calls this.
    ///
    /// # Errors
    /// When `/proc` does not show it.
    pub fn own() -> anyhow::Result<Self> {
        Self::of(std::process::id()).context("/proc does not show this process")
    }

    /// The process id.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Whether the process still runs; one that ended and that nobody waited for does not.
    pub fn is_alive(&self) -> bool {
        state_and_start(self.pid)
            .is_some_and(|(state, started)| started == self.started && state != 'Z' && state != 'X')
    }

    /// Sends a signal to the process if it still runs.
    pub fn signal(&self, signal: Signal) {
        if self.is_alive() {
            // It may end between the two, and then there is nothing left to do.
            kill(Pid::from_raw(self.pid), signal).ok();
        }
    }

    /// Sends a signal to every process of the group that the process leads or led.
    ///
    /// The caller must know that the id was not given out again: the leader lives, is not waited
    /// for yet, or has only just been.
    pub(crate) fn signal_group(&self, signal: Signal) {
        // Mostly the group has ended with its leader.
        killpg(Pid::from_raw(self.pid), signal).ok();
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.pid, self.started)
    }
}

impl FromStr for Identity {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (pid, started) =
            text.trim().split_once(' ').context("a process id and a start time are needed")?;
        Ok(Self {
            pid: pid.parse().context("not a process id")?,
            started: started.parse().context("not a start time")?,
        })
    }
}

/// The third and the 22nd field of `/proc/PID/stat`. The second is the program's name in brackets,
/// which may hold anything, so they are counted from its end.
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
    fn a_recycled_id_is_another_process() {
        let own = Identity::own().unwrap();
        let earlier = Identity { started: own.started - 1, ..own };
        assert!(own.is_alive());
        assert!(!earlier.is_alive());
    }

    #[test]
    fn survives_being_written_down() {
        let own = Identity::own().unwrap();
        assert_eq!(own.to_string().parse::<Identity>().unwrap(), own);
        assert!("12".parse::<Identity>().is_err());
    }
}
