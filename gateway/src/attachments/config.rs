use std::time::Duration;

use actix_web::http::Uri;
use clap::ValueEnum;
use secrecy::SecretString;
use serde::Serialize;
use service::warn_of_cleartext;
use utoipa::ToSchema;

use super::{StoreConfig, backend::s3_origin, inspect::Rules, memory::DOWNLOAD_MEMORY};

/// The most memory of a thread that inspects, in bytes: what the largest picture needs. Source: `pool`.
const WORKER_BYTES: u64 = 320 * 1024 * 1024;

/// How many times its size an upload takes in memory: its bytes, and those that are stored.
pub const COPIES: u64 = 2;

/// Who delivers the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Delivery {
    /// The gateway
    Proxy,
    /// S3, whose presigned URLs the gateway redirects to
    Redirect,
}

/// Who may upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Uploaders {
    /// Staff alone
    Staff,
    /// Staff, and players while their session is pending or active
    Open,
    /// Staff and players
    Any,
}

/// Attachments, when they are on.
#[derive(Clone, Debug)]
pub struct AttachmentConfig {
    /// Where the files are.
    pub store: StoreConfig,
    /// Signs upload tokens and URLs.
    pub secret: SecretString,
    /// What it signed is valid as well, while the secret is rotated.
    pub second_secret: Option<SecretString>,
    /// The most bytes of a file.
    pub max_bytes: usize,
    /// What may be stored.
    pub rules: Rules,
    /// The threads that inspect files.
    pub workers: u8,
    /// Who delivers the files.
    pub delivery: Delivery,
    /// Who may upload.
    pub uploaders: Uploaders,
    /// ClamAV's daemon, as `HOST:PORT`.
    pub clamd: Option<String>,
    /// What one player may upload.
    pub quota: QuotaConfig,
    /// The memory for uploads in progress, in bytes.
    pub memory: u64,
}

/// What one player may upload in [`QuotaConfig::PERIOD`].
#[derive(Clone, Copy, Debug)]
pub struct QuotaConfig {
    /// The most files; 0 for no limit.
    pub files: u32,
    /// The most bytes.
    pub bytes: u64,
}

impl QuotaConfig {
    /// The time after which a used quota is whole again.
    pub const PERIOD: Duration = Duration::from_secs(3_600);
}

impl AttachmentConfig {
    /// The origin of S3, where it delivers files.
    pub fn delivering_origin(&self) -> Option<String> {
        match (&self.store, self.delivery) {
            (StoreConfig::S3(config), Delivery::Redirect) => Some(s3_origin(config)),
            _ => None,
        }
    }

    /// The most memory that attachments take, in bytes.
    pub fn memory_bytes(&self) -> u64 {
        self.memory + DOWNLOAD_MEMORY + u64::from(self.workers) * WORKER_BYTES
    }

    /// Warns of a directory that other gateways may not have, and of connections that are not encrypted.
    pub fn warn(&self) {
        match &self.store {
            StoreConfig::Directory(directory) => tracing::warn!(
                file.directory = %directory.display(),
                "attachments are in a directory: every gateway must have the same one, on a shared volume"
            ),
            StoreConfig::S3(config) => {
                let endpoint = config.endpoint.as_deref().and_then(|url| url.parse::<Uri>().ok());
                let cleartext = endpoint.filter(|url| url.scheme_str() == Some("http"));
                warn_of_cleartext("AWS_ENDPOINT_URL", cleartext.as_ref().and_then(Uri::host));
            }
        }
        let clamd = self.clamd.as_deref().and_then(|address| address.rsplit_once(':'));
        warn_of_cleartext("CLAMD_ADDRESS", clamd.map(|(host, _)| host));
    }
}
