use serde::{Deserialize, Serialize};

use super::ValidationError;

/// A language, as the primary subtag of RFC 5646: 2 or 3 lower-case letters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Language(String);

impl Language {
    /// The subtag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Language {
    type Error = ValidationError;

    fn try_from(tag: String) -> Result<Self, ValidationError> {
        let is_language =
            matches!(tag.len(), 2 | 3) && tag.bytes().all(|byte| byte.is_ascii_lowercase());
        if is_language {
            Ok(Self(tag))
        } else {
            Err(ValidationError("must be a language of two or three lower-case letters"))
        }
    }
}
