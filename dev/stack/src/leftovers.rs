//! Which processes belong to a directory, so that those which a killed supervisor left behind are
//! found and stopped. Two things tell: a record of every process that was started, and a mark in
//! the environment, which reaches whatever those processes started in their turn.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep};

use crate::Identity;

/// The variable that holds the directories that a process belongs to, one a line: a stack may be
/// started by a process of another one, and then its processes belong to both.
pub(crate) const MARK: &str = "STACK_DIRECTORIES";

const GRACE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(25);

/// A process that was started for a directory.
#[derive(Clone, Debug)]
pub struct Record {
    /// How it is called there.
    pub name: String,
    /// Which process it is.
    pub identity: Identity,
    stop_signal: Signal,
}

/// The processes that were started for `directory` and not yet seen to end, by name. Whether they
/// still run is another question.
pub fn recorded(directory: &Path) -> Vec<Record> {
    let Ok(entries) = fs::read_dir(records(directory)) else {
        return Vec::new();
    };
    let mut found: Vec<_> = entries.filter_map(|entry| read_record(&entry.ok()?.path())).collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// Notes that a process was started.
pub(crate) fn record(
    directory: &Path,
    name: &str,
    identity: Identity,
    stop_signal: Signal,
) -> io::Result<()> {
    fs::create_dir_all(records(directory))?;
    let file = records(directory).join(name);
    let new = file.with_extension("new");
    fs::write(&new, format!("{identity}\n{stop_signal}\n"))?;
    fs::rename(new, file)
}

/// Notes that a process was seen to end.
pub(crate) fn forget(directory: &Path, name: &str) {
    // A record of what has ended already does no harm.
    fs::remove_file(records(directory).join(name)).ok();
}

/// The value of [`MARK`] for what is started for `directory`.
pub(crate) fn mark(directory: &Path) -> OsString {
    let mut mark = env::var_os(MARK).unwrap_or_default();
    mark.push("\n");
    mark.push(directory);
    mark
}

/// Stops every process of `directory`, and says which of those that were recorded still ran. Only
/// for the one who holds the directory's lock.
pub(crate) async fn stop(directory: &Path) -> Vec<String> {
    let records = recorded(directory);
    let alive: Vec<_> = records.iter().filter(|record| record.identity.is_alive()).collect();
    for record in &alive {
        record.identity.signal(record.stop_signal);
    }
    let deadline = Instant::now() + GRACE;
    while alive.iter().any(|record| record.identity.is_alive()) && Instant::now() < deadline {
        sleep(POLL).await;
    }
    for record in alive.iter().filter(|record| record.identity.is_alive()) {
        record.identity.signal_group(Signal::SIGKILL);
    }
    kill_marked(directory).await;
    for record in &records {
        forget(directory, &record.name);
    }
    alive.iter().map(|record| record.name.clone()).collect()
}

/// Kills whatever bears the mark of `directory`, until nothing does: one of them may have started
/// another meanwhile.
pub(crate) async fn kill_marked(directory: &Path) {
    let deadline = Instant::now() + GRACE;
    loop {
        let marked = marked(directory);
        if marked.is_empty() || Instant::now() >= deadline {
            return;
        }
        for process in marked {
            process.signal(Signal::SIGKILL);
        }
        sleep(POLL).await;
    }
}

fn marked(directory: &Path) -> Vec<Identity> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| u32::from_str(entry.ok()?.file_name().to_str()?).ok())
        .filter(|pid| *pid != std::process::id())
        .filter_map(|pid| {
            let process = Identity::of(pid)?;
            (process.is_alive() && has_marker(pid, directory)).then_some(process)
        })
        .collect()
}

fn has_marker(pid: u32, directory: &Path) -> bool {
    // Of other users' processes nothing can be read, and none of them bears the mark.
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment
        .split(|byte| *byte == 0)
        .filter_map(|variable| variable.strip_prefix(MARK.as_bytes())?.strip_prefix(b"="))
        .flat_map(|directories| directories.split(|byte| *byte == b'\n'))
        .any(|marked| OsStr::from_bytes(marked) == directory)
}

fn records(directory: &Path) -> PathBuf {
    directory.join("processes")
}

fn read_record(path: &Path) -> Option<Record> {
    let text = fs::read_to_string(path).ok()?;
    let (identity, stop_signal) = text.split_once('\n')?;
    Some(Record {
        name: path.file_name()?.to_str()?.to_owned(),
        identity: identity.parse().ok()?,
        stop_signal: stop_signal.trim().parse().ok()?,
    })
}
