use std::sync::Arc;

use serde::Serialize;
use uuid::Uuid;

/// Pusher's id of a connection: two numbers separated by a dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SocketId(Arc<str>);

/// The text is not a socket id.
#[derive(Debug, thiserror::Error)]
#[error("Invalid socket_id '{0}': it must be two numbers separated by a dot")]
pub struct BadSocketId(String);

/// Upper bound for the length of a received id; those of Pusher have about 20 characters.
const MAX_LENGTH: usize = 64;

impl SocketId {
    /// A new id, which is unique and cannot be guessed.
    pub fn random() -> Self {
        let (left, right) = Uuid::new_v4().as_u64_pair();
        Self(format!("{left}.{right}").into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for SocketId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl TryFrom<String> for SocketId {
    type Error = BadSocketId;

    fn try_from(id: String) -> Result<Self, BadSocketId> {
        let is_number =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        match id.split_once('.') {
            Some((left, right))
                if id.len() <= MAX_LENGTH && is_number(left) && is_number(right) =>
            {
                Ok(Self(id.into()))
            }
            _ => Err(BadSocketId(id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_id_is_valid() {
        let id = SocketId::random();
        assert_eq!(SocketId::try_from(id.as_str().to_owned()).unwrap(), id);
        for id in ["", ".", "1.", ".1", "1.2.3", "a.b", "1", "1.2\n"] {
            assert!(SocketId::try_from(id.to_owned()).is_err(), "{id:?}");
        }
    }
}
