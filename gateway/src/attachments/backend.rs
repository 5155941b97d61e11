//! The disk or the bucket behind the store.

use std::{ffi::OsStr, path::PathBuf, sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, ClientConfigKey, ClientOptions, Error, ObjectStore, Result, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    client::{HttpClient, HttpConnector},
    local::LocalFileSystem,
    path::Path,
    signer::Signer,
};
use reqwest::redirect;
use secrecy::ExposeSecret;
use service::TlsSettings;

use super::{S3Config, StoreConfig};

/// The longest time to connect to S3.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// For how long a call to S3 is repeated after a failure.
const RETRY_TIMEOUT: Duration = Duration::from_secs(2);

/// How often a call to S3 is repeated after a failure.
const RETRIES: usize = 1;

/// Where the objects are.
#[derive(Clone, Debug)]
pub(crate) struct Backend {
    pub(crate) objects: Arc<dyn ObjectStore>,
    /// What each key begins with.
    pub(crate) prefix: Path,
    /// Of S3.
    pub(super) signer: Option<Arc<dyn Signer>>,
    /// Of a disk.
    pub(crate) directory: Option<PathBuf>,
}

impl Backend {
    /// Opens the store. It connects to no server.
    ///
    /// # Errors
    /// When the directory does not exist, or a variable of S3 is invalid.
    pub(crate) fn open(config: &StoreConfig) -> Result<Self> {
        match config {
            StoreConfig::Directory(directory) => {
                let disk = LocalFileSystem::new_with_prefix(directory)?
                    .with_fsync(true)
                    .with_automatic_cleanup(true);
                Ok(Self {
                    objects: Arc::new(disk),
                    prefix: Path::default(),
                    signer: None,
                    directory: Some(directory.clone()),
                })
            }
            StoreConfig::S3(config) => {
                let s3 = Arc::new(s3_builder(config).build()?);
                Ok(Self {
                    objects: s3.clone(),
                    prefix: config.prefix.clone(),
                    signer: Some(s3),
                    directory: None,
                })
            }
        }
    }
}

/// The origin to which browsers are redirected.
pub(super) fn s3_origin(config: &S3Config) -> String {
    let builder = s3_builder(config);
    let value = |key: AmazonS3ConfigKey| builder.get_config_value(&key);
    let endpoint =
        value(AmazonS3ConfigKey::S3Endpoint).or_else(|| value(AmazonS3ConfigKey::Endpoint));
    if let Some(endpoint) = endpoint {
        let end = endpoint.find("://").map_or(0, |scheme| scheme + 3);
        let host = endpoint.get(end..).and_then(|rest| rest.find('/')).map(|slash| end + slash);
        return host.and_then(|end| endpoint.get(..end)).unwrap_or(&endpoint).to_owned();
    }
    let region = value(AmazonS3ConfigKey::Region).unwrap_or_else(|| "us-east-1".to_owned());
    match value(AmazonS3ConfigKey::VirtualHostedStyleRequest).as_deref() {
        Some("true") => format!("https://{}.s3.{region}.amazonaws.com", config.bucket),
        _ => format!("https://s3.{region}.amazonaws.com"),
    }
}

fn s3_builder(config: &S3Config) -> AmazonS3Builder {
    let mut builder = variables().with_bucket_name(&config.bucket);
    if let Some(endpoint) = &config.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = &config.region {
        builder = builder.with_region(region);
    }
    if let Some(id) = &config.access_key_id {
        builder = builder.with_access_key_id(id);
    }
    if let Some(key) = &config.secret_access_key {
        builder = builder.with_secret_access_key(key.expose_secret());
    }
    if let Some(allow_http) = config.allow_http {
        builder = builder.with_allow_http(allow_http);
    }
    let backoff = BackoffConfig { max_backoff: RETRY_TIMEOUT, ..BackoffConfig::default() };
    builder
        .with_retry(RetryConfig { backoff, max_retries: RETRIES, retry_timeout: RETRY_TIMEOUT })
        .with_http_connector(Connector(config.tls.clone()))
}

/// The settings in the AWS_ variables of this process. An empty variable counts as unset.
fn variables() -> AmazonS3Builder {
    let mut builder = AmazonS3Builder::new();
    let text = |text: &OsStr| text.to_str().map(ToOwned::to_owned);
    for (name, value) in std::env::vars_os() {
        let (Some(name), Some(value)) = (text(&name), text(&value)) else { continue };
        if !name.starts_with("AWS_") || value.is_empty() {
            continue;
        }
        if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    builder
}

/// Makes clients that trust the same authorities as all others of this process.
#[derive(Debug)]
struct Connector(TlsSettings);

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> Result<HttpClient> {
        let allows_http = options.get_config_value(&ClientConfigKey::AllowHttp);
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .https_only(allows_http.as_deref() != Some("true"))
            .tcp_nodelay(true)
            .tls_backend_preconfigured((*self.0.client()).clone())
            .build();
        let client =
            client.map_err(|error| Error::Generic { store: "S3", source: Box::new(error) })?;
        Ok(HttpClient::new(client))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_of_a_server_has_no_path() {
        for (endpoint, origin) in [
            ("https://s3.example", "https://s3.example"),
            ("http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
            ("https://files.example/s3/", "https://files.example"),
        ] {
            let config = S3Config {
                bucket: "files".to_owned(),
                prefix: Path::default(),
                endpoint: Some(endpoint.to_owned()),
                region: None,
                access_key_id: None,
                secret_access_key: None,
                allow_http: None,
                tls: TlsSettings::default(),
            };
            assert_eq!(s3_origin(&config), origin);
        }
    }
}
