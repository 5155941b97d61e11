use serde::{Deserialize, Serialize};

use super::ValidationError;

/// Who a conversation is with: 1 to 128 characters of those that a Pusher channel's name may have.
///
/// Source: <https://pusher.com/docs/channels/using_channels/channels/#channel-naming-conventions>.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct PlayerId(String);

impl PlayerId {
    /// The most characters that it may have.
    pub const MAX_LENGTH: usize = 128;

    /// The id as the portal knows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PlayerId {
    type Error = ValidationError;

    fn try_from(id: String) -> Result<Self, ValidationError> {
        if id.is_empty() || id.len() > Self::MAX_LENGTH {
            return Err(ValidationError("must have 1 to 128 characters"));
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-=@,.;".contains(&byte);
        if !id.bytes().all(allowed) {
            return Err(ValidationError("may have only letters, digits and _ - = @ , . ;"));
        }
        Ok(Self(id))
    }
}

impl From<PlayerId> for String {
    fn from(id: PlayerId) -> Self {
        id.0
    }
}

impl std::fmt::Display for PlayerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushers_alphabet_is_taken() {
        assert!(PlayerId::try_from("aZ09_-=@,.;".to_owned()).is_ok());
        assert!(PlayerId::try_from("p".repeat(128)).is_ok());
    }

    #[test]
    fn anything_else_is_not() {
        for id in ["", "a b", "a/b", "a:b", "ä", "a\0", "a\n", &"p".repeat(129)] {
            assert!(PlayerId::try_from(id.to_owned()).is_err(), "{id:?}");
        }
    }
}
