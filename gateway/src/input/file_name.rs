use chat::{FileName, ValidationError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::characters::{is_bidi_control, is_visible};

/// The name of a file: 1 to 200 characters, at least one of them visible, without slashes and control
/// characters. Characters that change the direction of text are removed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(
    as = FileName,
    value_type = String,
    min_length = 1,
    max_length = 200,
    pattern = r"^[\t-\r\u0085]*[^\u0000-\u001f\u007f-\u009f/\\]*[^\u0000-\u0020\u007f-\u00a0\u00ad\u0300-\u036f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u20d0-\u20f0\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb/\\][^\u0000-\u001f\u007f-\u009f/\\]*[\t-\r\u0085]*$",
    examples("boss.png")
)]
pub struct NewFileName(FileName);

impl TryFrom<String> for NewFileName {
    type Error = ValidationError;

    fn try_from(mut text: String) -> Result<Self, ValidationError> {
        if !text.is_ascii() {
            text.retain(|character| !is_bidi_control(character));
        }
        let name = FileName::try_from(text)?;
        match is_visible(name.as_str()) {
            true => Ok(Self(name)),
            false => Err(ValidationError("must have a visible character")),
        }
    }
}

impl From<NewFileName> for FileName {
    fn from(name: NewFileName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use chat::Content;

    use super::*;

    fn name(text: &str) -> Result<FileName, ValidationError> {
        NewFileName::try_from(text.to_owned()).map(FileName::from)
    }

    #[test]
    fn file_name_is_visible_and_does_not_hide_its_ending() {
        assert_eq!(name("photo\u{202e}gnp.exe").unwrap().as_str(), "photognp.exe");
        for invalid in ["\u{200b}", "\u{202e}", "a/b", "a\nb", "", " "] {
            assert!(name(invalid).is_err(), "{invalid:?}");
        }
        assert!(Content::try_from(name(&"😀".repeat(200)).unwrap().as_str().to_owned()).is_ok());
    }
}
