use pusher::limits::{MAX_PLAYER_ID, is_channel_name_byte};
use serde::{Deserialize, Serialize};

use super::ValidationError;

/// The player of a conversation: 1 to 128 of the characters that a Pusher channel's name may contain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct PlayerId(String);

impl PlayerId {
    /// The id as the portal assigned it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PlayerId {
    type Error = ValidationError;

    fn try_from(id: String) -> Result<Self, ValidationError> {
        if id.is_empty() || id.len() > MAX_PLAYER_ID {
            return Err(ValidationError("must have 1 to 128 characters"));
        }
        if !id.bytes().all(is_channel_name_byte) {
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
    fn an_id_may_contain_every_character_of_a_channel_name() {
        assert!(PlayerId::try_from("aZ09_-=@,.;".to_owned()).is_ok());
        assert!(PlayerId::try_from("p".repeat(128)).is_ok());
    }

    #[test]
    fn an_id_that_is_empty_too_long_or_has_another_character_is_rejected() {
        for id in ["", "a b", "a/b", "a:b", "ä", "a\0", "a\n", &"p".repeat(129)] {
            assert!(PlayerId::try_from(id.to_owned()).is_err(), "{id:?}");
        }
    }
}
