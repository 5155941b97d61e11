use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::{Path as DiskPath, PathBuf},
};

use anyhow::{Context, bail};
use broker::{BrokerSettings, ConsumerKind, QueueStates};
use chat::PlayerId;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use database::{DatabaseSettings, connect};
use diesel_async::AsyncPgConnection;
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use uuid::Uuid;

use super::{count, open_store};
use crate::{
    attachments::{AttachmentKey, Backend, PlayerKey, StoreSettings},
    reads::{NamedFiles, named_files},
};

/// The age of a file from which on it is deleted when no message names it. A token is valid for half of
/// it, and its message has the other half to be persisted.
const MIN_AGE: TimeDelta = TimeDelta::hours(48);

/// The most bodies in the queues of the persisters. More of them may wait for as long as that.
const MAX_WAITING: u64 = 1_000;

/// Delete files that no message names
///
/// Deletes files which were uploaded more than 48 hours ago and which no message in the database or in the
/// archive names: those of uploads whose message was never sent, of interrupted uploads, and of erased
/// messages. Run it once a day. It may run beside gateways.
///
/// It is refused while dead letters of the persister, or a long queue, may have messages that name such
/// files.
#[derive(Args, Clone, Debug)]
pub(super) struct SweepCommand {
    /// Delete although accepted messages wait, whose files may then be missing
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    store: StoreSettings,

    #[command(flatten)]
    database: DatabaseSettings,

    #[command(flatten)]
    broker: BrokerSettings,
}

impl SweepCommand {
    pub(super) async fn run(self) -> anyhow::Result<String> {
        self.database.check().map_err(anyhow::Error::msg)?;
        self.broker.check().map_err(anyhow::Error::msg)?;
        let backend = open_store(self.store)?;
        if !self.force {
            let persister = ConsumerKind::Persister;
            let states = QueueStates::read(&self.broker, persister).await;
            require_short_queues(&states.context("the queues cannot be inspected")?)?;
        }
        let mut connection = connect(&self.database).await?;
        // The files first: a message that is persisted meanwhile keeps its files.
        let old = old_files(&backend, Utc::now() - MIN_AGE).await?;
        let named = all_named(&mut connection).await?;
        let number = old.len();
        let orphans: Vec<_> = old.into_iter().filter(|(key, _)| !named.contains(key)).collect();
        let deleted = orphans.len();
        for (key, objects) in orphans {
            delete(&backend, key, objects).await?;
        }
        let old = count(number, "file");
        Ok(format!("deleted {deleted} of {old} older than 48 hours, which no message names\n"))
    }
}

fn require_short_queues(states: &QueueStates) -> anyhow::Result<()> {
    let dead = &states.dead_letters;
    if dead.messages > 0 {
        bail!(
            "{} holds {}, whose messages may name files: replay or purge them with persister dead-letters, \
             or give --force",
            dead.name,
            count(usize::try_from(dead.messages).unwrap_or(usize::MAX), "dead letter")
        );
    }
    let waiting: u64 = states.queues.iter().map(|queue| u64::from(queue.messages)).sum();
    if waiting > MAX_WAITING {
        bail!(
            "{waiting} bodies wait for the persisters, whose messages may name files: wait until there are \
             {MAX_WAITING} or fewer, or give --force"
        );
    }
    if let Some(queue) =
        states.queues.iter().find(|queue| queue.messages > 0 && queue.consumers == 0)
    {
        bail!(
            "no persister consumes {}, whose messages may name files: start one, or give --force",
            queue.name
        );
    }
    Ok(())
}

/// The objects of each file of which none is newer than `before`.
type OldFiles = HashMap<AttachmentKey, Vec<Path>>;

async fn old_files(backend: &Backend, before: DateTime<Utc>) -> anyhow::Result<OldFiles> {
    if let Some(directory) = backend.directory.clone() {
        let found = tokio::task::spawn_blocking(move || old_folders(&directory, before));
        let keys = found.await??.into_iter().map(|key| (key, Vec::new()));
        return Ok(keys.collect());
    }
    let (mut files, mut newer) = (OldFiles::new(), HashSet::new());
    let mut objects = backend.objects.list(Some(&backend.prefix));
    while let Some(object) = objects.try_next().await? {
        let Some(key) = AttachmentKey::of_object(&backend.prefix, &object.location) else {
            continue;
        };
        if object.last_modified > before {
            newer.insert(key);
        }
        files.entry(key).or_default().push(object.location);
    }
    files.retain(|key, _| !newer.contains(key));
    Ok(files)
}

/// The files of a disk. Their folders are read, since the store does not list what an interrupted upload
/// left.
fn old_folders(directory: &DiskPath, before: DateTime<Utc>) -> anyhow::Result<Vec<AttachmentKey>> {
    let mut old = Vec::new();
    for (player, folder) in folders(directory)? {
        let Some(player) = PlayerKey::parse(&player) else { continue };
        for (id, folder) in folders(&folder)? {
            let Ok(id) = Uuid::try_parse(&id) else { continue };
            let key = AttachmentKey { player, id };
            if newest(&folder)?.is_none_or(|newest| newest <= before) {
                old.push(key);
            }
        }
    }
    Ok(old)
}

/// The folders in `directory`, with their names.
fn folders(directory: &DiskPath) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let entry = entry?;
        if let (true, Ok(name)) = (entry.file_type()?.is_dir(), entry.file_name().into_string()) {
            folders.push((name, entry.path()));
        }
    }
    Ok(folders)
}

/// When the newest file in `folder`, or the folder itself, was written.
fn newest(folder: &DiskPath) -> anyhow::Result<Option<DateTime<Utc>>> {
    let mut newest = None;
    for entry in fs::read_dir(folder)? {
        let written = DateTime::from(entry?.metadata()?.modified()?);
        newest = newest.max(Some(written));
    }
    match newest {
        Some(newest) => Ok(Some(newest)),
        // An upload is about to write into it, or was interrupted.
        None => Ok(Some(fs::metadata(folder)?.modified()?.into())),
    }
}

/// The files that messages name.
async fn all_named(connection: &mut AsyncPgConnection) -> anyhow::Result<HashSet<AttachmentKey>> {
    let mut named = HashSet::new();
    for from in NamedFiles::ALL {
        let mut after = None;
        loop {
            let page = named_files(connection, from, after.as_ref()).await?;
            let Some((player, id, _)) = page.last() else { break };
            after = Some((player.clone(), *id));
            for (player, _, ids) in page {
                // A row that this release did not write names no file of it.
                let Ok(player) = PlayerId::try_from(player) else { continue };
                let player = PlayerKey::new(&player);
                named.extend(ids.into_iter().map(|id| AttachmentKey { player, id }));
            }
        }
    }
    Ok(named)
}

async fn delete(backend: &Backend, key: AttachmentKey, objects: Vec<Path>) -> anyhow::Result<()> {
    if let Some(directory) = backend.directory.clone() {
        return tokio::task::spawn_blocking(move || {
            let player = directory.join(key.player.to_string());
            let folder = player.join(key.id.to_string());
            match fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| folder.display().to_string());
                }
                _ => {}
            }
            // Other files of the player are left.
            fs::remove_dir(&player).ok();
            Ok(())
        })
        .await?;
    }
    let objects = futures_util::stream::iter(objects.into_iter().map(Ok)).boxed();
    backend.objects.delete_stream(objects).try_for_each(|_| async { Ok(()) }).await?;
    Ok(())
}
