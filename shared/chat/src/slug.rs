use serde::{Deserialize, Serialize};

use super::ValidationError;

/// The most characters of a team's or a tag's name.
const MAX_CHARACTERS: usize = 40;

const EXPECTED: ValidationError =
    ValidationError("must have 1 to 40 lower-case letters a to z, digits and hyphens");

fn is_slug(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_CHARACTERS).contains(&name.len()) && name.bytes().all(is_allowed)
}

/// The name of a team of staff, which is also the topic that players choose: 1 to 40 lower-case
/// letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Team(String);

impl Team {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Team {
    type Error = ValidationError;

    fn try_from(name: String) -> Result<Self, ValidationError> {
        if is_slug(&name) { Ok(Self(name)) } else { Err(EXPECTED) }
    }
}

/// A tag of a session: 1 to 40 lower-case letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Tag(String);

impl Tag {
    /// The most tags of a session.
    pub const MAX_OF_SESSION: usize = 20;

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Tag {
    type Error = ValidationError;

    fn try_from(name: String) -> Result<Self, ValidationError> {
        if is_slug(&name) { Ok(Self(name)) } else { Err(EXPECTED) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_has_lower_case_letters_digits_and_hyphens() {
        for (name, is_valid) in [
            ("payments", true),
            ("appeals-2", true),
            (&"a".repeat(40), true),
            (&"a".repeat(41), false),
            ("", false),
            ("Payments", false),
            ("a b", false),
            ("ä", false),
        ] {
            assert_eq!(Team::try_from(name.to_owned()).is_ok(), is_valid, "{name}");
            assert_eq!(Tag::try_from(name.to_owned()).is_ok(), is_valid, "{name}");
        }
    }
}
