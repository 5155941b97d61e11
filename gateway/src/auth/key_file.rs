use std::{
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{sync::watch, time::sleep};
use tokio_util::task::AbortOnDropHandle;

use super::{TokenAlgorithm, key_set::KeySet};

/// Time between two looks at the file.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The keys of a file, as they are in it now; what cannot be read leaves those that were.
#[derive(Debug)]
pub(super) struct KeyFile {
    keys: watch::Receiver<KeySet>,
    _follower: AbortOnDropHandle<()>,
}

impl KeyFile {
    /// Reads the file, and again whenever it changes.
    ///
    /// # Errors
    /// When it cannot be read now.
    pub(super) fn follow(algorithm: TokenAlgorithm, path: PathBuf) -> Result<Self, String> {
        let mut follower = Follower { algorithm, stamp: stamp(&path), path };
        let (sender, keys) = watch::channel(follower.read()?);
        let follower = tokio::spawn(async move {
            loop {
                sleep(LOOK_EVERY).await;
                follower.look(&sender);
            }
        });
        Ok(Self { keys, _follower: AbortOnDropHandle::new(follower) })
    }

    pub(super) fn keys(&self) -> watch::Ref<'_, KeySet> {
        self.keys.borrow()
    }
}

struct Follower {
    algorithm: TokenAlgorithm,
    path: PathBuf,
    stamp: Result<Stamp, io::ErrorKind>,
}

/// What changes with a file: when, its length, and which file it is.
type Stamp = (i64, i64, u64, u64);

impl Follower {
    /// So small a file is read in no time, and so seldom.
    fn look(&mut self, keys: &watch::Sender<KeySet>) {
        let stamp = stamp(&self.path);
        if stamp == self.stamp {
            return;
        }
        self.stamp = stamp;
        match self.read() {
            Ok(read) => {
                keys.send_replace(read);
                tracing::info!(file = %self.path.display(), "the keys changed");
            }
            Err(cause) => tracing::error!(cause, "the keys stay as they were"),
        }
    }

    fn read(&self) -> Result<KeySet, String> {
        read(&self.path, |json| KeySet::parse(self.algorithm, json))
    }
}

/// What `parse` makes of the file.
///
/// # Errors
/// Names the file that cannot be read, or in which it finds something wrong.
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
