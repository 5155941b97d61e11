//! The processes of a directory, each in a file of its name below `processes/`. `stack status` shows
//! them, and the next supervisor stops those that a killed one left running.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep};

use crate::Identity;

/// The name of the supervisor's own record.
const SUPERVISOR: &str = "stack";
/// The time that left-over processes have to end.
const GRACE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(25);

/// A process that was started for a directory.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its name within the directory.
    pub name: String,
    /// The process.
    pub identity: Identity,
    stop_signal: Signal,
}

/// The processes that were started for `directory` and whose end no supervisor has seen, by name.
pub fn recorded(directory: &Path) -> Vec<Record> {
    let entries = fs::read_dir(records(directory)).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter_map(|entry| read_record(&entry.path()))
        .filter(|record| record.name != SUPERVISOR)
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// The running supervisor of `directory`.
pub fn supervisor_of(directory: &Path) -> Option<Identity> {
    let record = read_record(&records(directory).join(SUPERVISOR))?;
    Some(record.identity).filter(Identity::is_alive)
}

/// Records this process as the supervisor of `directory`.
pub(crate) fn record_supervisor(directory: &Path) -> anyhow::Result<()> {
    Ok(record(directory, SUPERVISOR, Identity::own()?, Signal::SIGTERM)?)
}

/// Deletes the record of [`record_supervisor`].
pub(crate) fn forget_supervisor(directory: &Path) {
    forget(directory, SUPERVISOR);
}

/// Records that a process was started.
pub(crate) fn record(
    directory: &Path,
    name: &str,
    identity: Identity,
    stop_signal: Signal,
) -> io::Result<()> {
    fs::create_dir_all(records(directory))?;
    let file = records(directory).join(name);
    let new = file.with_extension("new");
    let Identity { pid, started } = identity;
    fs::write(&new, format!("{pid} {started} {stop_signal}\n"))?;
    fs::rename(new, file)
}

/// Deletes the record of a process that has ended.
pub(crate) fn forget(directory: &Path, name: &str) {
    // The record of a process that has ended does no harm.
    fs::remove_file(records(directory).join(name)).ok();
}

/// Stops the recorded processes with their process groups, and returns the names of those that still
/// ran. Only for the holder of the directory's lock.
pub(crate) async fn stop_recorded(directory: &Path) -> Vec<String> {
    let (alive, ended): (Vec<_>, Vec<_>) =
        recorded(directory).into_iter().partition(|record| record.identity.is_alive());
    for record in &alive {
        record.identity.signal(record.stop_signal);
        record.identity.signal(Signal::SIGCONT);
    }
    let deadline = Instant::now() + GRACE;
    while alive.iter().any(|record| record.identity.is_alive()) && Instant::now() < deadline {
        sleep(POLL).await;
    }
    for record in &alive {
        record.identity.signal_group(Signal::SIGKILL);
    }
    for record in alive.iter().chain(&ended) {
        forget(directory, &record.name);
    }
    alive.into_iter().map(|record| record.name).collect()
}

fn records(directory: &Path) -> PathBuf {
    directory.join("processes")
}

fn read_record(path: &Path) -> Option<Record> {
    let text = fs::read_to_string(path).ok()?;
    let mut words = text.split_whitespace();
    let identity =
        Identity { pid: words.next()?.parse().ok()?, started: words.next()?.parse().ok()? };
    let stop_signal = words.next()?.parse().ok()?;
    Some(Record { name: path.file_name()?.to_str()?.to_owned(), identity, stop_signal })
}
