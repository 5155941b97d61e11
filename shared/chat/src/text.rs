use serde::{Deserialize, Serialize};

use super::ValidationError;

/// The most characters of a name or an id.
const SHORT_TEXT: usize = 128;

/// The text of a message: 1 to 4,000 characters without surrounding white space, and without NUL, which
/// PostgreSQL cannot store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Content(String);

impl Content {
    /// The most characters.
    pub const MAX_CHARACTERS: usize = 4_000;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Content {
    type Error = ValidationError;

    fn try_from(text: String) -> Result<Self, ValidationError> {
        let trimmed = text.trim();
        if trimmed.is_empty() || exceeds(trimmed, Self::MAX_CHARACTERS) {
            return Err(ValidationError(
                "must have 1 to 4,000 characters besides white space around them",
            ));
        }
        refuse_nul(trimmed)?;
        Ok(Self(without_white_space(text)))
    }
}

/// The name of a player or a member of staff: 1 to 128 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl Name {
    /// The most characters.
    pub const MAX_CHARACTERS: usize = SHORT_TEXT;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = ValidationError;

    fn try_from(text: String) -> Result<Self, ValidationError> {
        short_text(text).map(Self)
    }
}

/// The id of a sender at the portal: 1 to 128 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct SenderId(String);

impl SenderId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SenderId {
    type Error = ValidationError;

    fn try_from(text: String) -> Result<Self, ValidationError> {
        short_text(text).map(Self)
    }
}

impl From<super::PlayerId> for SenderId {
    fn from(id: super::PlayerId) -> Self {
        Self(id.into())
    }
}

fn short_text(text: String) -> Result<String, ValidationError> {
    let trimmed = text.trim();
    if trimmed.is_empty() || exceeds(trimmed, SHORT_TEXT) {
        return Err(ValidationError(
            "must have 1 to 128 characters besides white space around them",
        ));
    }
    refuse_nul(trimmed)?;
    Ok(without_white_space(text))
}

/// The text without surrounding white space. A text without any is not copied.
fn without_white_space(text: String) -> String {
    let trimmed = text.trim();
    if trimmed.len() == text.len() { text } else { trimmed.to_owned() }
}

fn exceeds(text: &str, characters: usize) -> bool {
    text.len() > characters && text.chars().nth(characters).is_some()
}

fn refuse_nul(text: &str) -> Result<(), ValidationError> {
    if text.contains('\0') { Err(ValidationError("must not contain NUL")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str) -> Result<Content, ValidationError> {
        Content::try_from(text.to_owned())
    }

    #[test]
    fn content_loses_only_surrounding_white_space() {
        assert_eq!(content(" \n a\n b \t").unwrap().as_str(), "a\n b");
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        assert!(content(&"ä".repeat(4_000)).is_ok());
        assert!(content(&"a".repeat(4_001)).is_err());
        assert!(content(&format!("  {}  ", "😀".repeat(4_000))).is_ok());
    }

    #[test]
    fn empty_text_white_space_and_nul_are_rejected() {
        for text in ["", "  \n", "a\0b"] {
            assert!(content(text).is_err(), "{text:?}");
        }
    }
}
