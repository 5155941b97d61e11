//! Pusher's limits.
//!
//! Source: <https://pusher.com/docs/channels/library_auth_reference/rest-api/>.

/// The most channels that one trigger may name.
pub const MAX_CHANNELS_PER_TRIGGER: usize = 100;

/// The most events that one batch call may carry.
pub const MAX_EVENTS_PER_BATCH: usize = 10;

/// The most bytes that the `data` of one event may have.
pub const MAX_DATA_BYTES: usize = 10 * 1024;

/// The most characters that a channel's name may have.
pub const MAX_CHANNEL_NAME: usize = 164;

/// The most characters that an event's name may have.
pub const MAX_EVENT_NAME: usize = 200;

/// The most seconds that a call's timestamp may be away from the server's clock.
pub const MAX_CLOCK_SKEW_SECONDS: u64 = 600;

/// The most users that one presence channel may have.
pub const MAX_PRESENCE_MEMBERS: usize = 100;

/// The most characters that the id of a presence channel's user may have.
pub const MAX_USER_ID: usize = 128;

/// The most bytes that the `user_info` of a presence channel's user may have.
pub const MAX_USER_INFO_BYTES: usize = 1024;

/// The most client events that one connection may send in a second.
pub const MAX_CLIENT_EVENTS_PER_SECOND: u32 = 10;
