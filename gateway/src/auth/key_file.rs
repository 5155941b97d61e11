use std::{
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{sync::watch, time::sleep};
use tokio_util::task::AbortOnDropHandle;

use super::{TokenAlgorithm, key_set::KeySet};

/// Time between two checks of the file.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The keys in a file, reloaded when it changes. A file that becomes invalid leaves the previous
/// keys.
#[derive(Debug)]
pub(super) struct KeyFile {
    keys: watch::Receiver<KeySet>,
    _reloader: AbortOnDropHandle<()>,
}

impl KeyFile {
    /// Reads the file, and starts a task that reloads it when it changes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn watch(algorithm: TokenAlgorithm, path: PathBuf) -> Result<Self, String> {
        let mut reloader = Reloader { algorithm, stamp: stamp(&path), path };
        let (sender, keys) = watch::channel(reloader.read()?);
        let reloader = tokio::spawn(async move {
            loop {
                sleep(CHECK_INTERVAL).await;
                reloader.reload_if_changed(&sender);
            }
        });
        Ok(Self { keys, _reloader: AbortOnDropHandle::new(reloader) })
    }

    pub(super) fn keys(&self) -> watch::Ref<'_, KeySet> {
        self.keys.borrow()
    }
}

struct Reloader {
    algorithm: TokenAlgorithm,
    path: PathBuf,
    stamp: Result<Stamp, io::ErrorKind>,
}

/// The identity of a file's content: modification time in seconds and nanoseconds, size, inode.
type Stamp = (i64, i64, u64, u64);

impl Reloader {
    /// The file is small and rarely changes, so that blocking is acceptable.
    fn reload_if_changed(&mut self, keys: &watch::Sender<KeySet>) {
        let stamp = stamp(&self.path);
        if stamp == self.stamp {
            return;
        }
        self.stamp = stamp;
        match self.read() {
            Ok(read) => {
                tracing::info!(
                    file.path = %self.path.display(),
                    keys = read.names(),
                    "reloaded the keys of tokens"
                );
                keys.send_replace(read);
            }
            Err(cause) => {
                tracing::error!(
                    exception.message = cause,
                    "cannot reload the keys of tokens; the previous ones stay"
                )
            }
        }
    }

    fn read(&self) -> Result<KeySet, String> {
        read(&self.path, |json| KeySet::parse(self.algorithm, json))
    }
}

/// Reads and parses a file.
///
/// # Errors
/// Names the file that cannot be read or parsed.
pub(super) fn read<T>(
    path: &Path,
    parse: impl FnOnce(&[u8]) -> Result<T, String>,
) -> Result<T, String> {
    let name = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("{name}: {error}"))?;
    parse(&bytes).map_err(|complaint| format!("{name} {complaint}"))
}

fn stamp(path: &Path) -> Result<Stamp, io::ErrorKind> {
    let file = std::fs::metadata(path).map_err(|error| error.kind())?;
    Ok((file.mtime(), file.mtime_nsec(), file.size(), file.ino()))
}
