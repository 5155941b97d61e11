use std::{collections::HashSet, fs, io, path::PathBuf};

use anyhow::Context;
use chat::{PlayerId, ValidationError};
use clap::Args;
use futures_util::{StreamExt, TryStreamExt};

use super::{count, open_store};
use crate::attachments::{AttachmentKey, Backend, PlayerKey, StoreSettings};

/// Erase the files of one player
///
/// Erases all files of the player's conversation, whoever sent them, and those of uploads that no message
/// names. It may run beside gateways and may be repeated. It asks neither the database nor the queues: run
/// `persister erase` as well, which removes the files from the messages. Files that are uploaded later stay.
///
/// It erases neither backups of the store nor earlier versions of objects in a bucket that keeps versions.
#[derive(Args, Clone, Debug)]
pub(super) struct EraseCommand {
    /// The player whose files are erased
    #[arg(long, value_name = "ID", value_parser = player_id)]
    player: PlayerId,

    #[command(flatten)]
    store: StoreSettings,
}

fn player_id(text: &str) -> Result<PlayerId, ValidationError> {
    text.to_owned().try_into()
}

impl EraseCommand {
    pub(super) async fn run(self) -> anyhow::Result<String> {
        let backend = open_store(self.store)?;
        let key = PlayerKey::new(&self.player);
        let erased = match backend.directory.clone() {
            Some(directory) => {
                let folder = directory.join(key.to_string());
                tokio::task::spawn_blocking(move || erase_folder(folder)).await??
            }
            None => erase_objects(&backend, key).await?,
        };
        Ok(format!("erased {} of player {}\n", count(erased, "file"), self.player))
    }
}

/// Removes a player's folder, with what interrupted uploads left in it. Returns the number of files.
fn erase_folder(folder: PathBuf) -> anyhow::Result<usize> {
    let files = match fs::read_dir(&folder) {
        Ok(files) => files.count(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error).with_context(|| folder.display().to_string()),
    };
    fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(files)
}

async fn erase_objects(backend: &Backend, key: PlayerKey) -> anyhow::Result<usize> {
    let folder = key.folder(&backend.prefix);
    let objects: Vec<_> = backend.objects.list(Some(&folder)).try_collect().await?;
    let files: HashSet<_> = objects
        .iter()
        .filter_map(|object| AttachmentKey::of_object(&backend.prefix, &object.location))
        .collect();
    let locations: Vec<_> = objects.into_iter().map(|object| Ok(object.location)).collect();
    let locations = futures_util::stream::iter(locations).boxed();
    backend.objects.delete_stream(locations).try_for_each(|_| async { Ok(()) }).await?;
    Ok(files.len())
}
