use std::collections::BTreeSet;

use chat::FileType;
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use secrecy::{ExposeSecret, SecretString};
use service::settings::bytes;

use super::Switch;
use crate::attachments::{
    AttachmentConfig, COPIES, Delivery, QuotaConfig, StoreSettings, Uploaders, inspect::Rules,
};

/// The minimum length of the secret, in bytes: that of the signature.
const MIN_SECRET_BYTES: usize = 32;

/// The largest `ATTACHMENT_MAX_BYTES`: a file is held in memory while it is inspected.
const LARGEST_FILE: u64 = 100 * 1024 * 1024;

/// The settings of attachments.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Attachments")]
pub struct AttachmentSettings {
    /// Where the files are
    #[command(flatten)]
    pub store: StoreSettings,

    /// The secret that signs upload tokens and URLs of files: 32 bytes or more, the same for all
    /// gateways. Required with ATTACHMENT_STORE
    #[arg(long, env = "ATTACHMENT_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub attachment_secret: Option<SecretString>,

    /// A second secret whose upload tokens and URLs are accepted as well, while the secret is being
    /// rotated: 32 bytes or more
    #[arg(long, env = "ATTACHMENT_SECOND_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub attachment_second_secret: Option<SecretString>,

    /// The most bytes of a file; 100MiB at most
    #[arg(long, env = "ATTACHMENT_MAX_BYTES", default_value = "10MiB", value_parser = bytes, value_name = "BYTES")]
    pub attachment_max_bytes: u64,

    /// The allowed types of files, which are recognized by their content
    #[arg(long, env = "ATTACHMENT_TYPES", default_value = "png,jpeg,webp,gif,pdf,txt", value_delimiter = ',', value_parser = file_type(), value_name = "TYPE[,TYPE…]")]
    pub attachment_types: Vec<FileType>,

    /// The threads that inspect files, so that sends do not wait for them. Each may take as much memory
    /// as the largest picture needs: see MEMORY_LIMIT
    #[arg(long, env = "ATTACHMENT_WORKERS", default_value_t = 1, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub attachment_workers: u8,

    /// Whether pictures are encoded anew, so that no byte of an upload is stored as it came. Animations
    /// lose their motion
    #[arg(long, env = "ATTACHMENT_REENCODE", value_enum, default_value = "off")]
    pub attachment_reencode: Switch,

    /// Who delivers the files
    #[arg(long, env = "ATTACHMENT_DELIVERY", value_enum, default_value = "proxy")]
    pub attachment_delivery: Delivery,

    /// Who may upload
    #[arg(long, env = "ATTACHMENTS_FOR", value_enum, default_value = "open")]
    pub attachments_for: Uploaders,

    /// The address of ClamAV's daemon, which scans each file. While it is away no file is accepted.
    /// Without it files are not scanned
    #[arg(long, env = "CLAMD_ADDRESS", value_name = "HOST:PORT")]
    pub clamd_address: Option<String>,

    /// The most files that one player may upload in an hour; 0 for no limit. Each gateway counts for
    /// itself
    #[arg(long, env = "ATTACHMENT_UPLOADS_PER_HOUR", default_value_t = 20, value_name = "NUMBER")]
    pub attachment_uploads_per_hour: u32,

    /// The most bytes that one player may upload in an hour. Each gateway counts for itself
    #[arg(long, env = "ATTACHMENT_BYTES_PER_HOUR", default_value = "100MiB", value_parser = bytes, value_name = "BYTES")]
    pub attachment_bytes_per_hour: u64,

    /// The memory for uploads in progress, each of which takes twice its size and 1MiB at least; a client
    /// address has at most a thirty-second of it, or one upload. When it is exhausted, uploads are answered
    /// with a 503
    #[arg(long, env = "ATTACHMENT_MEMORY", default_value = "64MiB", value_parser = bytes, value_name = "BYTES")]
    pub attachment_memory: u64,
}

impl AttachmentSettings {
    /// Parses the settings; `None` when attachments are off.
    ///
    /// # Errors
    /// Names the invalid setting, without showing a secret.
    pub fn parse(self) -> Result<Option<AttachmentConfig>, String> {
        let Some(store) = self.store.parse()? else { return Ok(None) };
        let secret = self
            .attachment_secret
            .ok_or("ATTACHMENT_SECRET must be given with ATTACHMENT_STORE")?;
        require_min_length("ATTACHMENT_SECRET", Some(&secret))?;
        require_min_length("ATTACHMENT_SECOND_SECRET", self.attachment_second_secret.as_ref())?;
        if self.attachment_max_bytes > LARGEST_FILE {
            return Err("ATTACHMENT_MAX_BYTES must be 100MiB at most".to_owned());
        }
        if self.attachment_memory < COPIES * self.attachment_max_bytes {
            return Err("ATTACHMENT_MEMORY must be twice ATTACHMENT_MAX_BYTES at least".to_owned());
        }
        if self.attachment_bytes_per_hour < self.attachment_max_bytes {
            return Err(
                "ATTACHMENT_BYTES_PER_HOUR must be ATTACHMENT_MAX_BYTES at least".to_owned()
            );
        }
        if self.attachment_delivery == Delivery::Redirect && !store.is_remote() {
            return Err("ATTACHMENT_DELIVERY must be proxy, since ATTACHMENT_STORE is a directory"
                .to_owned());
        }
        Ok(Some(AttachmentConfig {
            store,
            secret,
            second_secret: self.attachment_second_secret,
            max_bytes: usize::try_from(self.attachment_max_bytes).unwrap_or(usize::MAX),
            rules: Rules {
                types: BTreeSet::from_iter(self.attachment_types),
                max_pixels: Rules::MAX_PIXELS,
                reencode: self.attachment_reencode == Switch::On,
            },
            workers: self.attachment_workers,
            delivery: self.attachment_delivery,
            uploaders: self.attachments_for,
            clamd: self.clamd_address,
            quota: QuotaConfig {
                files: self.attachment_uploads_per_hour,
                bytes: self.attachment_bytes_per_hour,
            },
            memory: self.attachment_memory,
        }))
    }
}

fn require_min_length(setting: &str, secret: Option<&SecretString>) -> Result<(), String> {
    let is_short = secret.is_some_and(|secret| secret.expose_secret().len() < MIN_SECRET_BYTES);
    if is_short {
        return Err(format!("{setting} must have {MIN_SECRET_BYTES} bytes or more"));
    }
    Ok(())
}

/// The names of the types in the setting.
const TYPES: [(&str, FileType); 8] = [
    ("png", FileType::Png),
    ("jpeg", FileType::Jpeg),
    ("webp", FileType::Webp),
    ("gif", FileType::Gif),
    ("pdf", FileType::Pdf),
    ("txt", FileType::Text),
    ("zip", FileType::Zip),
    ("mp4", FileType::Mp4),
];

fn file_type() -> impl TypedValueParser<Value = FileType> {
    PossibleValuesParser::new(TYPES.map(|(name, _)| name)).map(|name| {
        let found = TYPES.into_iter().find(|(known, _)| *known == name);
        found.map_or(FileType::Text, |(_, file_type)| file_type)
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        settings: AttachmentSettings,
    }

    fn parse(arguments: &[&str]) -> Result<Option<AttachmentConfig>, String> {
        let arguments = [&["test"], arguments].concat();
        Command::try_parse_from(arguments).map_err(|error| error.to_string())?.settings.parse()
    }

    const ON: [&str; 2] = [
        "--attachment-store=/var/lib/attachments",
        "--attachment-secret=a secret of more than thirty-two bytes",
    ];

    #[test]
    fn attachments_are_off_without_a_store() {
        assert!(parse(&[]).unwrap().is_none());
        assert!(parse(&["--attachment-workers=2"]).unwrap().is_none());
        let config = parse(&ON).unwrap().unwrap();
        assert_eq!((config.max_bytes, config.uploaders), (10 * 1024 * 1024, Uploaders::Open));
        assert_eq!(config.rules.types.len(), 6);
    }

    #[test]
    fn invalid_settings_are_named() {
        for (setting, named) in [
            ("--attachment-store=files", "ATTACHMENT_STORE"),
            ("--attachment-store=s3://", "ATTACHMENT_STORE"),
            ("--attachment-store=https://bucket", "ATTACHMENT_STORE"),
            ("--attachment-secret=short", "ATTACHMENT_SECRET must"),
            ("--attachment-second-secret=short", "ATTACHMENT_SECOND_SECRET must"),
            ("--attachment-max-bytes=101MiB", "ATTACHMENT_MAX_BYTES"),
            ("--attachment-max-bytes=33MiB", "ATTACHMENT_MEMORY"),
            ("--attachment-bytes-per-hour=1MiB", "ATTACHMENT_BYTES_PER_HOUR"),
            ("--attachment-delivery=redirect", "ATTACHMENT_DELIVERY"),
        ] {
            let name = setting.split('=').next().unwrap();
            let others = ON.into_iter().filter(|other| !other.starts_with(name));
            let settings: Vec<_> = others.chain([setting]).collect();
            let refusal = parse(&settings).unwrap_err();
            assert!(refusal.contains(named), "{setting}: {refusal}");
        }
        assert!(parse(&ON[..1]).unwrap_err().contains("ATTACHMENT_SECRET"));
        assert!(parse(&["--attachment-types=svg"]).is_err());
    }
}
