use clap::ValueEnum;

const STAFF: &str = "staff-portal";
const PLAYER: &str = "player-";
const PRIVATE: &str = "private-";

/// The channel on which the staff's browsers see who else of the staff is there.
pub const STAFF_PRESENCE_CHANNEL: &str = "presence-staff-portal";

/// Who may subscribe to the channels, which their names say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ChannelAccess {
    /// `staff-portal` and `player-{playerId}`: whoever holds the app key may listen
    Public,
    /// `private-staff-portal` and `private-player-{playerId}`: a subscription needs a signature
    Private,
}

impl ChannelAccess {
    /// The channel that every staff browser listens on.
    pub fn staff_channel(self) -> String {
        format!("{}{STAFF}", self.prefix())
    }

    /// The channel of one player's conversation.
    pub fn player_channel(self, player_id: &str) -> String {
        format!("{}{PLAYER}{player_id}", self.prefix())
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Public => "",
            Self::Private => PRIVATE,
        }
    }
}

/// The player whose conversation the private channel `name` carries, if it is such a channel.
pub fn player_of_channel(name: &str) -> Option<&str> {
    name.strip_prefix(PRIVATE)?.strip_prefix(PLAYER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_the_portals_own_when_public() {
        assert_eq!(ChannelAccess::Public.staff_channel(), "staff-portal");
        assert_eq!(ChannelAccess::Public.player_channel("p1"), "player-p1");
    }

    #[test]
    fn private_names_say_that_they_need_a_signature() {
        assert_eq!(ChannelAccess::Private.staff_channel(), "private-staff-portal");
        assert_eq!(ChannelAccess::Private.player_channel("p1"), "private-player-p1");
        assert_eq!(player_of_channel("private-player-p1"), Some("p1"));
        assert_eq!(player_of_channel("player-p1"), None);
    }

    #[test]
    fn the_longest_name_is_one_that_pusher_takes() {
        let longest = ChannelAccess::Private.player_channel(&"p".repeat(128));
        assert!(longest.len() <= crate::limits::MAX_CHANNEL_NAME);
    }
}
