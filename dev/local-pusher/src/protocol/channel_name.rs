use pusher::limits::{MAX_CHANNEL_NAME, is_channel_name_byte};
use serde::Serialize;

/// A name that a channel may have: 1 to 164 letters, digits and `_-=@,.;`.
///
/// Source: <https://pusher.com/docs/channels/using_channels/channels/#channel-naming-conventions>.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ChannelName(String);

/// What a channel's name says about who may subscribe to it, and what its subscribers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// Whoever holds the app key may subscribe.
    Public,
    /// A subscription needs a signature (`private-`).
    Private,
    /// A subscription needs a signature, and the subscribers send one another nothing, since the
    /// server could read it (`private-encrypted-`).
    Encrypted,
    /// A subscription needs a signature over a member too, and the members see one another
    /// (`presence-`).
    Presence,
}

/// The text is no channel's name.
#[derive(Debug, thiserror::Error)]
#[error(
    "Invalid channel name '{0}': it must have 1 to {MAX_CHANNEL_NAME} letters, digits and _-=@,.;"
)]
pub struct BadChannelName(String);

impl ChannelName {
    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the name's prefix says.
    pub fn kind(&self) -> ChannelKind {
        if self.0.starts_with("presence-") {
            ChannelKind::Presence
        } else if self.0.starts_with("private-encrypted-") {
            ChannelKind::Encrypted
        } else if self.0.starts_with("private-") {
            ChannelKind::Private
        } else {
            ChannelKind::Public
        }
    }
}

impl TryFrom<String> for ChannelName {
    type Error = BadChannelName;

    fn try_from(name: String) -> Result<Self, BadChannelName> {
        if (1..=MAX_CHANNEL_NAME).contains(&name.len()) && name.bytes().all(is_channel_name_byte) {
            Ok(Self(name))
        } else {
            Err(BadChannelName(name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_within_pushers_alphabet_and_length_are_taken() {
        for name in ["a", "staff-portal", "player-a=b@c,d.e;f_9", &"x".repeat(164)] {
            assert!(ChannelName::try_from(name.to_owned()).is_ok(), "{name}");
        }
        for name in ["", "a b", "a/b", "a:b", "ä", "a\0", &"x".repeat(165)] {
            assert!(ChannelName::try_from(name.to_owned()).is_err(), "{name}");
        }
    }

    #[test]
    fn the_prefix_says_the_kind() {
        let kind = |name: &str| ChannelName::try_from(name.to_owned()).unwrap().kind();
        assert_eq!(kind("room"), ChannelKind::Public);
        assert_eq!(kind("private-room"), ChannelKind::Private);
        assert_eq!(kind("private-encrypted-room"), ChannelKind::Encrypted);
        assert_eq!(kind("presence-room"), ChannelKind::Presence);
    }
}
