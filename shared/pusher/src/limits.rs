//! Pusher's limits.
//!
//! Source: <https://pusher.com/docs/channels/library_auth_reference/rest-api/>.

/// The most channels of one trigger.
pub const MAX_CHANNELS_PER_TRIGGER: usize = 100;

/// The most events of one batch call.
pub const MAX_EVENTS_PER_BATCH: usize = 10;

/// The most bytes of the `data` of one event.
pub const MAX_DATA_BYTES: usize = 10 * 1024;

/// The most characters of a channel's name.
pub const MAX_CHANNEL_NAME: usize = 164;

/// The most characters of a player's id. The name of the player's channel, with the longest prefix before
/// it, then has no more than [`MAX_CHANNEL_NAME`].
pub const MAX_PLAYER_ID: usize = 128;

/// Whether a channel's name, and therefore a player's id, may contain `byte`.
///
/// Source: <https://pusher.com/docs/channels/using_channels/channels/#channel-naming-conventions>.
pub fn is_channel_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-=@,.;".contains(&byte)
}

/// The most characters of an event's name.
pub const MAX_EVENT_NAME: usize = 200;

/// The most seconds between a call's timestamp and the server's clock.
pub const MAX_CLOCK_SKEW_SECONDS: u64 = 600;

/// The most users of one presence channel.
pub const MAX_PRESENCE_MEMBERS: usize = 100;

/// The most characters of the id of a presence channel's user.
pub const MAX_USER_ID: usize = 128;

/// The most bytes of the `user_info` of a presence channel's user.
pub const MAX_USER_INFO_BYTES: usize = 1024;

/// The most client events of one connection in a second.
pub const MAX_CLIENT_EVENTS_PER_SECOND: u32 = 10;
