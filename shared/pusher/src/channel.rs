use std::borrow::Cow;

use crate::{MasterKey, SharedSecret, encryption::MAX_PLAIN_BYTES, limits::MAX_DATA_BYTES};

const STAFF: &str = "staff-portal";
const PLAYER: &str = "player-";

/// Prefix of encrypted channels.
///
/// Source: <https://pusher.com/docs/channels/using_channels/encrypted-channels/>.
const ENCRYPTED: &str = "private-encrypted-";

/// The presence channel of staff, whatever the access of the other channels.
const STAFF_PRESENCE: &str = "presence-staff-portal";

/// Prefix of the presence channel of a conversation, whatever the access of the other channels.
const CONVERSATION_PRESENCE: &str = "presence-conversation-";

/// The chat's channels.
#[derive(Clone, Debug)]
pub enum Channels {
    /// Every client with the app key may subscribe.
    Public,
    /// A subscription needs a signature.
    Private,
    /// A subscription needs a signature, and events are encrypted with the channel's secret, which comes
    /// with the signature.
    Encrypted(MasterKey),
}

/// The subscribers of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience<'a> {
    /// All staff.
    Staff,
    /// All staff, for presence; nothing is published.
    StaffPresence,
    /// The player of this id.
    Player(&'a str),
    /// The player of this id and all staff, for presence and typing; nothing is published.
    ConversationPresence(&'a str),
}

impl Channels {
    /// The channel of all staff.
    pub fn staff(&self) -> String {
        format!("{}{STAFF}", self.prefix())
    }

    /// The channel of one player's conversation.
    pub fn player(&self, player_id: &str) -> String {
        format!("{}{PLAYER}{player_id}", self.prefix())
    }

    /// The subscribers of the channel `name`, if it is one of these channels and needs a signature.
    pub fn to_sign_for<'a>(&self, name: &'a str) -> Option<Audience<'a>> {
        if name == STAFF_PRESENCE {
            return Some(Audience::StaffPresence);
        }
        if let Some(player_id) = name.strip_prefix(CONVERSATION_PRESENCE) {
            return Some(Audience::ConversationPresence(player_id));
        }
        if matches!(self, Self::Public) {
            return None;
        }
        let name = name.strip_prefix(self.prefix())?;
        if name == STAFF {
            return Some(Audience::Staff);
        }
        name.strip_prefix(PLAYER).map(Audience::Player)
    }

    /// The secret of the channel `name`, if it is encrypted. A presence channel never is.
    pub fn shared_secret(&self, name: &str) -> Option<SharedSecret> {
        match self {
            Self::Encrypted(key) if name.starts_with(ENCRYPTED) => Some(key.shared_secret(name)),
            _ => None,
        }
    }

    /// The most bytes of the data of one event, before [`Self::seal`].
    pub fn max_data_bytes(&self) -> usize {
        match self {
            Self::Public | Self::Private => MAX_DATA_BYTES,
            Self::Encrypted(_) => MAX_PLAIN_BYTES,
        }
    }

    /// The data of an event for the channel `name`, encrypted if the channel is.
    pub fn seal<'a>(&self, name: &str, data: &'a str) -> Cow<'a, str> {
        match self.shared_secret(name) {
            None => Cow::Borrowed(data),
            Some(secret) => Cow::Owned(secret.seal(data)),
        }
    }

    fn prefix(&self) -> &'static str {
        match self {
            Self::Public => "",
            Self::Private => "private-",
            Self::Encrypted(_) => ENCRYPTED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encrypted() -> Channels {
        let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        Channels::Encrypted(MasterKey::parse(&key.into()).unwrap())
    }

    #[test]
    fn public_channels_have_no_prefix() {
        assert_eq!(Channels::Public.staff(), "staff-portal");
        assert_eq!(Channels::Public.player("p1"), "player-p1");
    }

    #[test]
    fn private_and_encrypted_channels_have_pushers_prefixes() {
        assert_eq!(Channels::Private.staff(), "private-staff-portal");
        assert_eq!(Channels::Private.player("p1"), "private-player-p1");
        assert_eq!(encrypted().staff(), "private-encrypted-staff-portal");
        assert_eq!(encrypted().player("p1"), "private-encrypted-player-p1");
    }

    #[test]
    fn only_subscriptions_to_existing_channels_are_signed() {
        let names = [Channels::Public, Channels::Private, encrypted()]
            .map(|channels| [channels.staff(), channels.player("p1")]);
        let both = [Some(Audience::Staff), Some(Audience::Player("p1"))];
        let signed = |channels: &Channels| {
            names.each_ref().map(|pair| pair.each_ref().map(|name| channels.to_sign_for(name)))
        };
        let none = [None, None];
        assert_eq!(signed(&Channels::Public), [none, none, none]);
        assert_eq!(signed(&Channels::Private), [none, both, none]);
        assert_eq!(signed(&encrypted()), [none, none, both]);
        for channels in [Channels::Public, Channels::Private, encrypted()] {
            let presence = channels.to_sign_for("presence-staff-portal");
            assert_eq!(presence, Some(Audience::StaffPresence));
            let presence = channels.to_sign_for("presence-conversation-p1");
            assert_eq!(presence, Some(Audience::ConversationPresence("p1")));
            for other in ["presence-conversation", "presence-player-p1", "private-conversation-p1"]
            {
                assert_eq!(channels.to_sign_for(other), None, "{other}");
            }
        }
    }

    #[test]
    fn the_longest_name_is_within_pushers_limit() {
        let player_id = "p".repeat(crate::limits::MAX_PLAYER_ID);
        let presence = format!("{CONVERSATION_PRESENCE}{player_id}");
        assert_eq!(presence.len(), 22 + 128);
        for longest in [encrypted().player(&player_id), presence] {
            assert!(longest.len() <= crate::limits::MAX_CHANNEL_NAME);
        }
    }

    #[test]
    fn data_is_encrypted_only_for_encrypted_channels() {
        let data = r#"{"content":"hello"}"#;
        for channels in [Channels::Public, Channels::Private] {
            assert_eq!(channels.seal(&channels.staff(), data), data);
            assert!(channels.shared_secret(&channels.staff()).is_none());
        }
        let channels = encrypted();
        for presence in ["presence-staff-portal", "presence-conversation-p1"] {
            assert!(channels.shared_secret(presence).is_none());
        }
        assert!(!channels.seal(&channels.staff(), data).contains("hello"));
    }
}
