use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ValidationError;

/// The Pusher connection that sent a message and need not hear of it again: two numbers with a dot
/// between them, at most 64 characters.
///
/// Source: <https://pusher.com/docs/channels/server_api/excluding-event-recipients/>.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, max_length = 64, pattern = r"^[0-9]+\.[0-9]+$", examples("4711.42"))]
pub struct SocketId(String);

impl SocketId {
    /// The id as Pusher gave it out.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SocketId {
    type Error = ValidationError;

    fn try_from(id: String) -> Result<Self, ValidationError> {
        let is_number =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        match id.split_once('.') {
            Some((left, right)) if id.len() <= 64 && is_number(left) && is_number(right) => {
                Ok(Self(id))
            }
            _ => Err(ValidationError("must be two numbers with a dot between them")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pushers_own_form_is_taken() {
        assert!(SocketId::try_from("1234.5678".to_owned()).is_ok());
        for id in ["", ".", "1.", ".1", "1.2.3", "a.b", "1", &format!("1.{}", "2".repeat(64))] {
            assert!(SocketId::try_from(id.to_owned()).is_err(), "{id:?}");
        }
    }
}
