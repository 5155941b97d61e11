use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The id that Pusher gave a connection: two numbers with a dot between them, at most 64 characters.
///
/// Source: <https://pusher.com/docs/channels/server_api/excluding-event-recipients/>.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, max_length = 64, pattern = r"^[0-9]+\.[0-9]+$", examples("4711.42"))]
pub struct SocketId(String);

/// The text is not a [`SocketId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be two numbers with a dot between them")]
pub struct InvalidSocketId;

impl SocketId {
    /// The most characters of an id; Pusher's own have about 20.
    pub const MAX_LENGTH: usize = 64;

    /// The id of two numbers.
    pub fn new(left: u64, right: u64) -> Self {
        Self(format!("{left}.{right}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SocketId {
    type Error = InvalidSocketId;

    fn try_from(id: String) -> Result<Self, InvalidSocketId> {
        let is_number =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        match id.split_once('.') {
            Some((left, right))
                if id.len() <= Self::MAX_LENGTH && is_number(left) && is_number(right) =>
            {
                Ok(Self(id))
            }
            _ => Err(InvalidSocketId),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_numbers_with_a_dot_between_them_are_an_id() {
        for id in [SocketId::new(1234, 5678), SocketId::new(u64::MAX, u64::MAX)] {
            assert_eq!(SocketId::try_from(id.as_str().to_owned()), Ok(id));
        }
        for id in
            ["", ".", "1.", ".1", "1.2.3", "a.b", "1", "1.2\n", &format!("1.{}", "2".repeat(64))]
        {
            assert!(SocketId::try_from(id.to_owned()).is_err(), "{id:?}");
        }
    }
}
