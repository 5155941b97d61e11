use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use thiserror::Error;
use tokio::time::{Instant, sleep};

use crate::Identity;

/// How long the lock may be held by nobody in particular: by one who only looks, or who has it but
/// did not write its name yet.
const LOOK: Duration = Duration::from_secs(2);

/// Why a directory could not be had.
#[derive(Debug, Error)]
pub enum TakeError {
    /// Another supervisor has it.
    #[error("already running here ({}), as process {}", directory.display(), holder.pid())]
    Taken {
        /// The directory.
        directory: PathBuf,
        /// The supervisor.
        holder: Identity,
    },
    /// Its files cannot be made, read or written.
    #[error("cannot use the directory {}", directory.display())]
    Unusable {
        /// The directory.
        directory: PathBuf,
        /// Why.
        source: anyhow::Error,
    },
}

/// A directory has one supervisor at a time. The kernel gives the lock back when its holder ends,
/// however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    pub(crate) async fn take(directory: &Path) -> Result<Self, TakeError> {
        let unusable =
            |source: anyhow::Error| TakeError::Unusable { directory: directory.to_owned(), source };
        let mut file = open(directory).map_err(|error| unusable(error.into()))?;
        let deadline = Instant::now() + LOOK;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(unusable(error.into())),
                Err(TryLockError::WouldBlock) => {}
            }
            if let Some(holder) = name(&mut file).filter(Identity::is_alive) {
                return Err(TakeError::Taken { directory: directory.to_owned(), holder });
            }
            if Instant::now() >= deadline {
                return Err(unusable(anyhow::anyhow!("its lock is held by a stranger")));
            }
            sleep(Duration::from_millis(20)).await;
        }
        sign(&mut file).map_err(unusable)?;
        Ok(Self { _file: file })
    }
}

/// The supervisor that has `directory` now, if one has.
pub fn holder(directory: &Path) -> Option<Identity> {
    let mut file = File::open(path(directory)).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => name(&mut file),
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

fn path(directory: &Path) -> PathBuf {
    directory.join("lock")
}

fn open(directory: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path(directory))
}

fn name(file: &mut File) -> Option<Identity> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.read_to_string(&mut text).ok()?;
    text.parse().ok()
}

fn sign(file: &mut File) -> anyhow::Result<()> {
    let own = Identity::own()?;
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{own}")?;
    Ok(())
}
