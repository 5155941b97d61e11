use pusher::limits::{MAX_CLIENT_EVENTS_PER_SECOND, MAX_PRESENCE_MEMBERS};

/// An error that a client receives as `pusher:error`.
///
/// Source: <https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/#error-codes>.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// There is no application with the key.
    #[error("App key {0} not in this cluster")]
    UnknownApp(String),
    /// The `protocol` is not a number.
    #[error("Invalid version string format")]
    BadVersion,
    /// A protocol older than 5, or newer than 7.
    #[error("Unsupported protocol version")]
    UnsupportedProtocol,
    /// The `protocol` is missing.
    #[error("No protocol version supplied")]
    NoProtocol,
    /// The client did not answer a ping in time.
    #[error("Pong reply not received in time")]
    NoPong,
    /// The server is stopping.
    #[error("The server is going away, reconnect")]
    GoingAway,
    /// Too many client events.
    #[error(
        "Client event rejected because you sent messages too quickly \
         (at most {MAX_CLIENT_EVENTS_PER_SECOND} a second)"
    )]
    ClientEventRate,
    /// The presence channel has the maximal number of members.
    #[error("Channel {0} is full: at most {MAX_PRESENCE_MEMBERS} members")]
    ChannelFull(String),
    /// An error for which Pusher has no number.
    #[error("{0}")]
    Invalid(String),
}

impl ProtocolError {
    /// Pusher's number of the error.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::UnknownApp(_) => Some(4001),
            Self::BadVersion => Some(4006),
            Self::UnsupportedProtocol => Some(4007),
            Self::NoProtocol => Some(4008),
            Self::GoingAway => Some(4200),
            Self::NoPong => Some(4201),
            Self::ClientEventRate => Some(4301),
            Self::ChannelFull(_) | Self::Invalid(_) => None,
        }
    }

    /// An error without a number, with the text of `cause`.
    pub fn invalid(cause: impl ToString) -> Self {
        Self::Invalid(cause.to_string())
    }
}
