use std::{
    fs::{self, File},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use chat::Attachment;
use chrono::{TimeDelta, Utc};
use futures_util::Stream;
use object_store::{
    Attribute, Attributes, Error, GetOptions, GetResult, ObjectStoreExt, PutMode, PutOptions,
    path::{Path, PathPart},
    signer::{Method, SignedUrlOptions, Url},
};
use serde::{Deserialize, Serialize};
use service::{Outage, health::Dependency};
use tokio::{sync::Semaphore, time::timeout};

use super::{AttachmentKey, StoreConfig, Variant, backend::Backend};
use crate::metrics::Metrics;

/// The longest time of a call, and of each part of a download.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// The most calls in progress. A call to a disk that hangs keeps its place until the disk answers.
const CALLS: usize = 64;

/// Files of an upload that is not complete after this time belong to none that is in progress.
const ABANDONED: TimeDelta = TimeDelta::minutes(10);

/// The name of the object that probes write.
const PROBE: &str = "probe";

/// A file in the directory of a store. A directory without it is another one: where no volume is mounted, a
/// write that has begun creates the directory again.
const MARKER: &str = "store";

/// The files of all players. Every call has a time limit, and calls fail at once while the store is
/// down.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: StoreConfig,
    opened: Mutex<Option<Backend>>,
    calls: Arc<Semaphore>,
    dependency: Dependency,
    outage: Mutex<Outage>,
    metrics: Metrics,
}

/// What is known of a stored attachment. It is written last, so that an attachment which has it is
/// complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// The SHA-256 of the bytes as they were uploaded, in hexadecimal.
    pub uploaded_sha256: String,
    /// What is stored.
    pub attachment: Attachment,
}

/// Why the store cannot be used. The cause is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It fails, or does not answer in time.
    #[error("the store does not answer")]
    Unavailable,
    /// It has no such object.
    #[error("the store has no such file")]
    Absent,
    /// It has another object of this name.
    #[error("the store has another file of this name")]
    Exists,
}

/// The bytes of an object.
pub type ByteStream = Pin<Box<dyn Stream<Item = object_store::Result<Bytes>> + Send>>;

impl Store {
    /// The store at `config`. It is opened when it is first used.
    pub fn new(config: StoreConfig, metrics: Metrics) -> Self {
        let dependency = Dependency::new("attachments");
        let outage = Mutex::new(Outage::new(dependency.clone()));
        let calls = Arc::new(Semaphore::new(CALLS));
        Self(Arc::new(Inner {
            config,
            opened: Mutex::default(),
            calls,
            dependency,
            outage,
            metrics,
        }))
    }

    /// Whether the last call or probe succeeded.
    pub fn is_up(&self) -> bool {
        self.0.dependency.is_up()
    }

    /// Whether the last call or probe failed.
    fn is_down(&self) -> bool {
        self.0.outage.lock().unwrap_or_else(PoisonError::into_inner).duration().is_some()
    }

    /// The facts of an attachment, if it is stored completely.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn facts(&self, key: AttachmentKey) -> Result<Option<Facts>, StoreError> {
        let found = self.call(async move |store| {
            let path = key.facts(&store.prefix);
            let bytes = store.objects.get(&path).await?.bytes().await?;
            // Another upload may have written them and not have synced its folder yet.
            sync_folders(&store, key).await?;
            Ok(bytes)
        });
        match found.await {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)
                .inspect_err(
                    |error| tracing::error!(exception.message = %error, "facts cannot be read"),
                )
                .ok()),
            Err(StoreError::Absent) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stores an attachment: first its bytes, then its facts. When it returns, all of it is on disk.
    /// `holding` is dropped when the store no longer needs the bytes.
    ///
    /// # Errors
    /// When the store cannot be used, or has another file under this id.
    pub async fn put(
        &self,
        key: AttachmentKey,
        original: Bytes,
        thumbnail: Option<Bytes>,
        facts: &Facts,
        holding: impl Send + 'static,
    ) -> Result<(), StoreError> {
        let attachment = facts.attachment.clone();
        let facts = serde_json::to_vec(facts).map_err(|_| StoreError::Unavailable)?;
        self.call(async move |store| {
            let _holding = holding;
            let path = key.object(&store.prefix, Variant::Original);
            let content_type = attachment.content_type.as_str();
            let is_new = put_once(&store, &path, original, content_type).await?;
            if let Some(thumbnail) = thumbnail {
                let path = key.object(&store.prefix, Variant::Thumbnail);
                let content_type = picture_type(&thumbnail);
                match put(&store, &path, thumbnail.clone(), content_type, PutMode::Create).await {
                    // A thumbnail follows from its original, which is this one.
                    Err(Error::AlreadyExists { .. }) if !is_new => {}
                    Err(Error::AlreadyExists { .. }) => {
                        put(&store, &path, thumbnail, content_type, PutMode::Overwrite).await?;
                    }
                    written => written?,
                }
            }
            let path = key.facts(&store.prefix);
            put(&store, &path, facts.into(), "application/json", PutMode::Create).await
        })
        .await
    }

    /// The object, from `options` of a range.
    ///
    /// # Errors
    /// When the store cannot be used, or has no such object.
    pub async fn get(
        &self,
        key: AttachmentKey,
        variant: Variant,
        options: GetOptions,
    ) -> Result<GetResult, StoreError> {
        self.call(async move |store| {
            let path = key.object(&store.prefix, variant);
            store.objects.get_opts(&path, options).await
        })
        .await
    }

    /// The size of the object, in bytes.
    ///
    /// # Errors
    /// When the store cannot be used, or has no such object.
    pub async fn size(&self, key: AttachmentKey, variant: Variant) -> Result<u64, StoreError> {
        self.call(async move |store| {
            let path = key.object(&store.prefix, variant);
            store.objects.head(&path).await.map(|found| found.size)
        })
        .await
    }

    /// A URL at which S3 delivers the object for `valid`, with `parameters`; `None` for a disk.
    ///
    /// # Errors
    /// When the credentials cannot be read.
    pub async fn presigned_url(
        &self,
        key: AttachmentKey,
        variant: Variant,
        valid: Duration,
        parameters: Vec<(&'static str, String)>,
    ) -> Result<Option<Url>, StoreError> {
        self.call(async move |store| {
            let Some(signer) = &store.signer else { return Ok(None) };
            let path = key.object(&store.prefix, variant);
            let options = SignedUrlOptions::new().with_query(parameters);
            signer.signed_url_opts(Method::GET, &path, valid, &options).await.map(Some)
        })
        .await
    }

    /// Records that reading an object failed after its first part.
    pub fn report_failure(&self, cause: &str) {
        self.record(Err(cause));
    }

    /// Whether another server has the files.
    pub(super) fn is_remote(&self) -> bool {
        self.0.config.is_remote()
    }

    /// Writes a small object, so that a store which is full or may not be written is found.
    pub(super) async fn probe(&self) {
        let probed = self.try_call(async move |store| {
            let path = store.prefix.clone().join(PathPart::from(PROBE));
            put(&store, &path, Bytes::from_static(b"probe"), "text/plain", PutMode::Overwrite).await
        });
        if let Err(cause) = probed.await {
            tracing::debug!(exception.message = %cause, "the store of attachments fails a probe");
        }
    }

    fn open(&self) -> object_store::Result<Backend> {
        let mut opened = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner);
        match &*opened {
            Some(backend) => Ok(backend.clone()),
            None => {
                let backend = Backend::open(&self.0.config)?;
                if let Some(directory) = &backend.directory {
                    let marker = directory.join(MARKER);
                    File::options().create(true).append(true).open(marker).map_err(disk_error)?;
                }
                Ok(opened.insert(backend).clone())
            }
        }
    }

    /// Runs `operation` unless the store is down.
    async fn call<T, Operation>(
        &self,
        operation: impl FnOnce(Backend) -> Operation + Send + 'static,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        Operation: Future<Output = object_store::Result<T>> + Send + 'static,
    {
        if self.is_down() {
            return Err(StoreError::Unavailable);
        }
        self.try_call(operation).await
    }

    /// Runs `operation`, within the time limit, and records whether the store works.
    async fn try_call<T, Operation>(
        &self,
        operation: impl FnOnce(Backend) -> Operation + Send + 'static,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        Operation: Future<Output = object_store::Result<T>> + Send + 'static,
    {
        let called = self.run(operation).await;
        match &called {
            Ok(_) => self.record(Ok(())),
            Err(Failure::Absent | Failure::Exists) => self.record(Ok(())),
            Err(Failure::Unavailable(cause)) => self.record(Err(cause)),
        }
        called.map_err(StoreError::from)
    }

    async fn run<T, Operation>(
        &self,
        operation: impl FnOnce(Backend) -> Operation + Send + 'static,
    ) -> Result<T, Failure>
    where
        T: Send + 'static,
        Operation: Future<Output = object_store::Result<T>> + Send + 'static,
    {
        let unavailable = |cause: &str| Failure::Unavailable(cause.to_owned());
        let permit = Arc::clone(&self.0.calls).try_acquire_owned();
        let permit = permit.map_err(|_| unavailable("too many calls wait for it"))?;
        let store = self.clone();
        // A task of its own: what a disk has begun cannot be stopped, and keeps its place until then.
        let mut task = tokio::spawn(async move {
            let _permit = permit;
            let opened = tokio::task::spawn_blocking(move || require_mounted(store.open()?));
            let backend = opened.await??;
            let result = operation(backend.clone()).await?;
            // What was written meanwhile where no volume is mounted is not stored.
            tokio::task::spawn_blocking(move || require_mounted(backend)).await??;
            Ok::<_, Error>(result)
        });
        match timeout(CALL_TIMEOUT, &mut task).await {
            Ok(Ok(result)) => result.map_err(Failure::from),
            Ok(Err(_)) => Err(unavailable("its task failed")),
            Err(_) => {
                if self.0.config.is_remote() {
                    task.abort();
                }
                Err(unavailable("it did not answer in time"))
            }
        }
    }

    /// Records whether the store worked, for readiness, the log and the metrics.
    fn record(&self, worked: Result<(), &str>) {
        // The outage is valid after a panic.
        let mut outage = self.0.outage.lock().unwrap_or_else(PoisonError::into_inner);
        match worked {
            Ok(()) => outage.succeeded(),
            Err(cause) => outage.failed(&cause),
        }
        self.0.metrics.show_attachment_store(self.kind(), worked.is_ok());
    }

    /// The kind of store, as metrics name it.
    fn kind(&self) -> &'static str {
        if self.0.config.is_remote() { "s3" } else { "directory" }
    }
}

/// The store, unless its directory is gone, or is another one.
fn require_mounted(store: Backend) -> object_store::Result<Backend> {
    if let Some(directory) = &store.directory {
        fs::metadata(directory.join(MARKER)).map_err(disk_error)?;
    }
    Ok(store)
}

/// Writes `bytes` unless the object exists with these bytes. An object with other bytes is left of an
/// upload that did not complete, and is replaced, unless that upload may be in progress. Returns whether
/// it was written.
async fn put_once(
    store: &Backend,
    path: &Path,
    bytes: Bytes,
    content_type: &'static str,
) -> object_store::Result<bool> {
    let existing = match put(store, path, bytes.clone(), content_type, PutMode::Create).await {
        Err(error @ Error::AlreadyExists { .. }) => error,
        written => return written.map(|()| true),
    };
    let found = store.objects.get(path).await?;
    let written_at = found.meta.last_modified;
    if found.bytes().await? == bytes {
        return Ok(false);
    }
    if Utc::now().signed_duration_since(written_at) < ABANDONED {
        return Err(existing);
    }
    put(store, path, bytes, content_type, PutMode::Overwrite).await?;
    Ok(true)
}

async fn put(
    store: &Backend,
    path: &Path,
    bytes: Bytes,
    content_type: &'static str,
    mode: PutMode,
) -> object_store::Result<()> {
    let mut attributes = Attributes::new();
    // A disk keeps none.
    if store.directory.is_none() {
        attributes.insert(Attribute::ContentType, content_type.into());
    }
    let options = |mode| PutOptions { mode, attributes: attributes.clone(), ..Default::default() };
    match store.objects.put_opts(path, bytes.clone().into(), options(mode)).await {
        // The operator has disabled conditional writes, which not every server supports.
        Err(Error::NotImplemented { .. }) => {
            store.objects.put_opts(path, bytes.into(), options(PutMode::Overwrite)).await?;
        }
        // Not the object is absent, but the bucket.
        Err(Error::NotFound { source, .. }) => {
            return Err(Error::Generic { store: "S3", source });
        }
        written => {
            written?;
        }
    }
    Ok(())
}

/// The media type of a thumbnail, by its first bytes.
pub fn picture_type(bytes: &[u8]) -> &'static str {
    match bytes.starts_with(b"\x89PNG") {
        true => "image/png",
        false => "image/jpeg",
    }
}

/// Writes the names in the folders of an attachment to the disk.
async fn sync_folders(store: &Backend, key: AttachmentKey) -> object_store::Result<()> {
    let Some(directory) = store.directory.clone() else { return Ok(()) };
    let player = directory.join(key.player.to_string());
    let folders = [player.join(key.id.to_string()), player, directory];
    let synced = tokio::task::spawn_blocking(move || {
        folders.iter().try_for_each(|folder| File::open(folder)?.sync_all())
    });
    synced.await?.map_err(disk_error)
}

fn disk_error(error: std::io::Error) -> Error {
    Error::Generic { store: "directory", source: Box::new(error) }
}

/// Why a call failed.
enum Failure {
    Absent,
    Exists,
    Unavailable(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound { .. } => Self::Absent,
            Error::AlreadyExists { .. } => Self::Exists,
            error => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Absent => Self::Absent,
            Failure::Exists => Self::Exists,
            Failure::Unavailable(_) => Self::Unavailable,
        }
    }
}
