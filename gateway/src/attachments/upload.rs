use std::{sync::PoisonError, time::Instant};

use bytes::Bytes;
use chat::{Attachment, FileName, PlayerId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    AttachmentKey, Attachments, Facts, PlayerKey, StoreError, UploadToken,
    clamd::Verdict,
    inspect::{Inspected, Refused},
    key::sha256,
    pool::InspectError,
};
use crate::problem::Problem;

/// A file that a client has uploaded.
#[derive(Debug)]
pub struct Upload {
    /// The player to whose conversation it belongs.
    pub player: PlayerId,
    /// Its id.
    pub attachment_id: Uuid,
    /// Its name.
    pub name: FileName,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A file that is stored.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its description.
    pub attachment: Attachment,
    /// The token with which a message names it.
    pub token: UploadToken,
    /// Whether it was stored before.
    pub is_repeat: bool,
}

/// Why an upload is not stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// The file may not be stored.
    #[error("{0}")]
    Refused(#[from] Refused),
    /// The file cannot be inspected.
    #[error("the file cannot be inspected: save it again with another program")]
    NotInspected,
    /// The scanner found a virus.
    #[error("the file is infected: {0}")]
    Infected(String),
    /// Another file has the id.
    #[error("another file has this id")]
    Conflict,
    /// As many files wait for their inspection as may wait.
    #[error("too many files wait for their inspection")]
    Busy,
    /// The store or the scanner is away.
    #[error("files cannot be stored at the moment")]
    Unavailable,
    /// The token cannot be signed.
    #[error("internal error")]
    Internal,
}

impl From<StoreError> for UploadError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Exists => Self::Conflict,
            StoreError::Unavailable | StoreError::Absent => Self::Unavailable,
        }
    }
}

impl From<InspectError> for UploadError {
    fn from(error: InspectError) -> Self {
        match error {
            InspectError::Refused(reason) => Self::Refused(reason),
            InspectError::Busy => Self::Busy,
            InspectError::Failed => Self::NotInspected,
        }
    }
}

impl Attachments {
    /// Inspects and stores a file, unless it is stored already. When it returns, the file is on disk.
    /// `holding` is dropped when its bytes are no longer in memory.
    ///
    /// # Errors
    /// See [`UploadError`].
    pub async fn store(
        &self,
        upload: Upload,
        holding: impl Send + 'static,
    ) -> Result<Stored, UploadError> {
        let Upload { player, attachment_id, name, bytes } = upload;
        let key = AttachmentKey { player: PlayerKey::new(&player), id: attachment_id };
        // A large file takes longer than other requests of this thread should wait.
        let hashed = bytes.clone();
        let sum = tokio::task::spawn_blocking(move || sha256(&hashed)).await;
        let uploaded_sha256 = hex::encode(sum.map_err(|_| UploadError::Internal)?);
        if let Some(facts) = self.store.facts(key).await? {
            return self.repeat(&player, facts, &uploaded_sha256, name);
        }
        let inspected = self.inspect(bytes).await?;
        let Inspected { file_type, bytes, dimensions, thumbnail } = inspected;
        let attachment = Attachment {
            attachment_id,
            name: name.clone(),
            content_type: file_type,
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            width: dimensions.map(|dimensions| dimensions.width),
            height: dimensions.map(|dimensions| dimensions.height),
            thumbnail: thumbnail.is_some(),
        };
        let facts = Facts { uploaded_sha256: uploaded_sha256.clone(), attachment };
        let thumbnail = thumbnail.map(|thumbnail| thumbnail.bytes);
        match self.store.put(key, bytes, thumbnail, &facts, holding).await {
            Ok(()) => self.signed(&player, facts, Utc::now(), false),
            // Another upload of this id was faster. It may be of the same file.
            Err(StoreError::Exists) => match self.store.facts(key).await? {
                Some(facts) => self.repeat(&player, facts, &uploaded_sha256, name),
                None => Err(UploadError::Conflict),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Inspects a file, and has it scanned.
    async fn inspect(&self, bytes: Bytes) -> Result<Inspected, UploadError> {
        let began = Instant::now();
        let inspected = self.pool.inspect(bytes.clone()).await;
        self.metrics.attachment_inspection_seconds.observe(began.elapsed().as_secs_f64());
        let inspected = inspected?;
        if let Some(clamd) = &self.clamd {
            let scanned = clamd.scan(&bytes).await;
            // The outage is valid after a panic.
            let mut outage = self.scanner_outage.lock().unwrap_or_else(PoisonError::into_inner);
            match scanned {
                Ok(Verdict::Clean) => outage.succeeded(),
                Ok(Verdict::Infected { signature }) => {
                    outage.succeeded();
                    return Err(UploadError::Infected(signature));
                }
                Err(cause) => {
                    outage.failed(&cause);
                    return Err(UploadError::Unavailable);
                }
            }
        }
        Ok(inspected)
    }

    /// The file that is stored already, if it is the same one.
    fn repeat(
        &self,
        player: &PlayerId,
        mut facts: Facts,
        uploaded_sha256: &str,
        name: FileName,
    ) -> Result<Stored, UploadError> {
        if facts.uploaded_sha256 != uploaded_sha256 {
            return Err(UploadError::Conflict);
        }
        facts.attachment.name = name;
        self.signed(player, facts, Utc::now(), true)
    }

    fn signed(
        &self,
        player: &PlayerId,
        facts: Facts,
        now: DateTime<Utc>,
        is_repeat: bool,
    ) -> Result<Stored, UploadError> {
        let Facts { uploaded_sha256, attachment } = facts;
        let signed = self.tokens.sign(player, attachment.clone(), uploaded_sha256, now);
        let token = signed.map_err(|_: Problem| UploadError::Internal)?;
        Ok(Stored { attachment, token, is_repeat })
    }
}
