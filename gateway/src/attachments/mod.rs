//! Attachments: files that are uploaded before the message that names them.
//!
//! - [`AttachmentConfig`]: the settings.
//! - [`StoreSettings`], [`StoreConfig`]: where files are.
//! - [`Attachments`]: all that handlers need.
//! - [`Upload`], [`Stored`]: a file that a client uploads, and its result.
//! - [`Store`]: the files, on a disk or in S3.
//! - [`AttachmentKey`], [`PlayerKey`], [`Variant`]: the names of files in the store.
//! - [`UploadTokens`]: proves to a send that a file is stored.
//! - [`UrlSigner`]: URLs with which browsers load files.
//! - [`UploadQuota`], [`TransferMemory`]: limits of uploads and downloads.
//! - [`probe`]: whether the store works.
//! - [`inspect`]: what a file is, by its bytes alone, and the bytes that are stored.
//! - [`pool`]: the threads that inspect, apart from those that serve requests.
//! - [`clamd`]: the virus scanner.

mod backend;
pub mod clamd;
mod config;
mod health;
pub mod inspect;
mod key;
mod memory;
pub mod pool;
mod quota;
mod signed_url;
mod store;
mod store_settings;
mod token;
mod upload;

use std::{sync::Mutex, time::Duration};

use chat::FileType;
use service::{Outage, health::Dependency};

use self::{clamd::Clamd, pool::InspectionPool};
use crate::metrics::Metrics;

pub(crate) use backend::Backend;
pub use config::{AttachmentConfig, COPIES, Delivery, QuotaConfig, Uploaders};
pub use health::probe;
pub use key::{AttachmentKey, PlayerKey, Variant};
pub use memory::TransferMemory;
pub use quota::{Charge, UploadQuota};
pub use signed_url::{SignedUrl, UrlQuery, UrlSigner};
pub use store::{ByteStream, CALL_TIMEOUT, Facts, Store, StoreError, picture_type};
pub use store_settings::{S3Config, StoreConfig, StoreSettings};
pub use token::{BadUploadToken, UploadToken, UploadTokens};
pub use upload::{Stored, Upload, UploadError};

/// The longest time to connect to the scanner.
const SCANNER_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The longest time of a scan.
const SCAN_TIMEOUT: Duration = Duration::from_secs(10);

/// The files that wait for each thread that inspects.
const WAITING_FOR_WORKER: usize = 32;

/// What handlers need for attachments.
#[derive(Debug)]
pub struct Attachments {
    /// The files.
    pub store: Store,
    /// The allowed types.
    pub types: Vec<FileType>,
    /// The most bytes of a file.
    pub max_bytes: usize,
    /// Who delivers the files.
    pub delivery: Delivery,
    /// Who may upload.
    pub uploaders: Uploaders,
    /// Signs and verifies upload tokens.
    pub tokens: UploadTokens,
    /// Signs and verifies URLs.
    pub urls: UrlSigner,
    /// What each player may upload.
    pub quota: UploadQuota,
    /// The memory of uploads.
    pub upload_memory: TransferMemory,
    /// The memory of downloads.
    pub download_memory: TransferMemory,
    pool: InspectionPool,
    clamd: Option<Clamd>,
    scanner_outage: Mutex<Outage>,
    metrics: Metrics,
}

impl Attachments {
    /// Starts the threads that inspect. It connects to no server.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn new(config: &AttachmentConfig, metrics: Metrics) -> std::io::Result<Self> {
        let workers = usize::from(config.workers);
        let clamd = config.clamd.clone();
        let second_secret = config.second_secret.as_ref();
        Ok(Self {
            store: Store::new(config.store.clone(), metrics.clone()),
            types: config.rules.types.iter().copied().collect(),
            max_bytes: config.max_bytes,
            delivery: config.delivery,
            uploaders: config.uploaders,
            tokens: UploadTokens::new(&config.secret, second_secret),
            urls: UrlSigner::new(&config.secret, second_secret),
            quota: UploadQuota::new(config.quota),
            upload_memory: TransferMemory::of_uploads(config.memory, config.max_bytes),
            download_memory: TransferMemory::of_downloads(),
            pool: InspectionPool::start(
                workers,
                WAITING_FOR_WORKER * workers,
                config.rules.clone(),
            )?,
            clamd: clamd.map(|address| Clamd::new(address, SCANNER_CONNECT_TIMEOUT, SCAN_TIMEOUT)),
            scanner_outage: Mutex::new(Outage::new(Dependency::new("scanner"))),
            metrics,
        })
    }
}
