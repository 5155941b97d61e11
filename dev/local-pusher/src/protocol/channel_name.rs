use pusher::limits::{MAX_CHANNEL_NAME, is_channel_name_byte};
use serde::Serialize;

/// The name of a channel: 1 to 164 letters, digits and `_-=@,.;`.
///
/// Source: <https://pusher.com/docs/channels/using_channels/channels/#channel-naming-conventions>.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ChannelName(String);

/// Who may subscribe to a channel, by the prefix of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// Every client with the key of the application.
    Public,
    /// Clients whose subscription is signed (`private-`).
    Private,
    /// As for private channels; client events are not allowed, since the server could read them
    /// (`private-encrypted-`).
    Encrypted,
    /// Clients whose subscription is signed together with a member; the members receive the list of
    /// all (`presence-`).
    Presence,
}

/// The text is not the name of a channel.
#[derive(Debug, thiserror::Error)]
#[error(
    "Invalid channel name '{0}': it must have 1 to {MAX_CHANNEL_NAME} letters, digits and _-=@,.;"
)]
pub struct BadChannelName(String);

impl ChannelName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kind of the channel, by the prefix of its name.
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
    fn a_name_is_accepted_within_the_alphabet_and_length_of_pusher() {
        for name in ["a", "staff-portal", "player-a=b@c,d.e;f_9", &"x".repeat(164)] {
            assert!(ChannelName::try_from(name.to_owned()).is_ok(), "{name}");
        }
        for name in ["", "a b", "a/b", "a:b", "ä", "a\0", &"x".repeat(165)] {
            assert!(ChannelName::try_from(name.to_owned()).is_err(), "{name}");
        }
    }

    #[test]
    fn the_prefix_determines_the_kind() {
        let kind = |name: &str| ChannelName::try_from(name.to_owned()).unwrap().kind();
        assert_eq!(kind("room"), ChannelKind::Public);
        assert_eq!(kind("private-room"), ChannelKind::Private);
        assert_eq!(kind("private-encrypted-room"), ChannelKind::Encrypted);
        assert_eq!(kind("presence-room"), ChannelKind::Presence);
    }
}
