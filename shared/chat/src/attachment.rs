use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ValidationError;

/// A file of a message. Its bytes are in the gateways' store of attachments; everything else knows
/// only this description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// Id of the file; a file of the same player with the same id is a repeat.
    pub attachment_id: Uuid,
    /// Its name, as the sender's device called it.
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    pub name: FileName,
    /// What it is, found by its bytes.
    pub content_type: FileType,
    /// Its bytes as they are stored.
    pub size: u64,
    /// The picture's width in pixels, as it is shown; absent for other files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub width: Option<u32>,
    /// The picture's height in pixels, as it is shown; absent for other files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub height: Option<u32>,
    /// Whether the store has a thumbnail of it.
    pub thumbnail: bool,
}

impl Attachment {
    /// The most attachments of a message.
    pub const MAX_OF_MESSAGE: usize = 5;
}

/// The name of a file: 1 to 200 characters without surrounding white space, slashes and control
/// characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct FileName(String);

impl FileName {
    /// The most characters.
    pub const MAX_CHARACTERS: usize = 200;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FileName {
    type Error = ValidationError;

    fn try_from(name: String) -> Result<Self, ValidationError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > Self::MAX_CHARACTERS {
            return Err(ValidationError(
                "must have 1 to 200 characters besides white space around them",
            ));
        }
        if name.chars().any(|character| character.is_control() || matches!(character, '/' | '\\')) {
            return Err(ValidationError("must not contain slashes or control characters"));
        }
        Ok(Self(name.to_owned()))
    }
}

/// The kinds of file that can be attached.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumIter,
    ToSchema,
)]
#[schema(examples("image/png"))]
pub enum FileType {
    /// A picture.
    #[serde(rename = "image/png")]
    #[strum(serialize = "image/png")]
    Png,
    /// A picture.
    #[serde(rename = "image/jpeg")]
    #[strum(serialize = "image/jpeg")]
    Jpeg,
    /// A picture, which may move.
    #[serde(rename = "image/webp")]
    #[strum(serialize = "image/webp")]
    Webp,
    /// A picture, which may move.
    #[serde(rename = "image/gif")]
    #[strum(serialize = "image/gif")]
    Gif,
    /// A document.
    #[serde(rename = "application/pdf")]
    #[strum(serialize = "application/pdf")]
    Pdf,
    /// Text in UTF-8.
    #[serde(rename = "text/plain")]
    #[strum(serialize = "text/plain")]
    Text,
    /// An archive.
    #[serde(rename = "application/zip")]
    #[strum(serialize = "application/zip")]
    Zip,
    /// A film.
    #[serde(rename = "video/mp4")]
    #[strum(serialize = "video/mp4")]
    Mp4,
}

impl FileType {
    /// Its media type (RFC 6838), which is its name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether it is a picture, which has a size in pixels and can be shown within a page.
    pub fn is_picture(self) -> bool {
        matches!(self, Self::Png | Self::Jpeg | Self::Webp | Self::Gif)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_has_no_path_and_no_control_characters() {
        for (name, is_valid) in [
            ("boss.png", true),
            (" boss fight (2).png ", true),
            ("größe.txt", true),
            (&"a".repeat(200), true),
            (&"a".repeat(201), false),
            ("", false),
            (" ", false),
            ("../boss.png", false),
            ("..\\boss.png", false),
            ("a\r\nb", false),
        ] {
            assert_eq!(FileName::try_from(name.to_owned()).is_ok(), is_valid, "{name}");
        }
    }
}
