use std::path::{Path as DiskPath, PathBuf};

use clap::Args;
use object_store::path::Path;
use secrecy::SecretString;
use service::TlsSettings;

/// Where files are.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Attachments")]
pub struct StoreSettings {
    /// Where files are: the absolute path of a directory, or s3://BUCKET or s3://BUCKET/PREFIX. Without it
    /// attachments are off. Several gateways must share the directory, as a volume that is mounted in each;
    /// otherwise use S3. Of S3, further AWS_ variables are read as by Amazon's own programs
    #[arg(long, env = "ATTACHMENT_STORE", value_name = "DIRECTORY|URL")]
    pub attachment_store: Option<String>,

    /// The URL of an S3 server other than Amazon's
    #[arg(long, env = "AWS_ENDPOINT_URL", value_name = "URL")]
    pub aws_endpoint_url: Option<String>,

    /// The region of the bucket
    #[arg(long, env = "AWS_REGION", value_name = "NAME")]
    pub aws_region: Option<String>,

    /// The id of the key to S3
    #[arg(long, env = "AWS_ACCESS_KEY_ID", value_name = "ID")]
    pub aws_access_key_id: Option<String>,

    /// The key to S3
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", value_name = "SECRET", hide_env_values = true)]
    pub aws_secret_access_key: Option<SecretString>,

    /// Whether the URL of the S3 server may be unencrypted
    #[arg(long, env = "AWS_ALLOW_HTTP", value_name = "true|false")]
    pub aws_allow_http: Option<bool>,

    /// The authorities that are trusted
    #[command(flatten)]
    pub tls: TlsSettings,
}

/// Where files are.
#[derive(Clone, Debug)]
pub enum StoreConfig {
    /// In a directory of a disk.
    Directory(PathBuf),
    /// In a bucket of S3.
    S3(S3Config),
}

/// A bucket of S3, and how it is reached.
#[derive(Clone, Debug)]
pub struct S3Config {
    /// The bucket.
    pub bucket: String,
    /// What each key begins with.
    pub prefix: Path,
    /// The URL of the server; that of Amazon without one.
    pub endpoint: Option<String>,
    /// The region of the bucket.
    pub region: Option<String>,
    /// The id of the key.
    pub access_key_id: Option<String>,
    /// The key.
    pub secret_access_key: Option<SecretString>,
    /// Whether the connection may be unencrypted.
    pub allow_http: Option<bool>,
    /// The authorities that are trusted.
    pub tls: TlsSettings,
}

impl StoreSettings {
    /// Parses the settings; `None` when attachments are off.
    ///
    /// # Errors
    /// Names the invalid setting, without showing a secret.
    pub fn parse(self) -> Result<Option<StoreConfig>, String> {
        let Some(store) = self.attachment_store else { return Ok(None) };
        if DiskPath::new(&store).is_absolute() {
            return Ok(Some(StoreConfig::Directory(store.into())));
        }
        let invalid = || {
            "ATTACHMENT_STORE must be the absolute path of a directory, or a URL such as \
             s3://bucket/prefix"
                .to_owned()
        };
        let name = store.strip_prefix("s3://").ok_or_else(invalid)?;
        let (bucket, prefix) = name.split_once('/').unwrap_or((name, ""));
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if bucket.is_empty() || !bucket.bytes().all(is_name) {
            return Err(invalid());
        }
        Ok(Some(StoreConfig::S3(S3Config {
            bucket: bucket.to_owned(),
            prefix: Path::parse(prefix).map_err(|_| invalid())?,
            endpoint: self.aws_endpoint_url,
            region: self.aws_region,
            access_key_id: self.aws_access_key_id,
            secret_access_key: self.aws_secret_access_key,
            allow_http: self.aws_allow_http,
            tls: self.tls,
        })))
    }
}

impl StoreConfig {
    /// Whether another server has the files.
    pub fn is_remote(&self) -> bool {
        matches!(self, Self::S3(_))
    }
}
