//! The labels of the metrics.

use broker::{BrokerError, PublishError};
use service::metrics::Label;

use crate::routes::paths;

/// The outcome of a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// Both queues confirmed it.
    Accepted,
    /// It was not confirmed, and the client got a 503.
    Refused,
}

/// The outcome of a publish to one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishOutcome {
    /// The queue has it on disk.
    Confirmed,
    /// The queue does not exist.
    Returned,
    /// The queue rejected it: it is full or has no leader.
    Nacked,
    /// RabbitMQ did not confirm it in time.
    Unconfirmed,
    /// The connection broke.
    Unavailable,
}

/// The kind of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryRead {
    /// A page of a conversation.
    Conversation,
    /// A page of the inbox.
    Inbox,
}

/// Why a client's connection was closed, or not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// Its address had its maximum of connections, all of them busy.
    Address,
    /// The gateway had its maximum of connections, all of them busy.
    Full,
    /// It was idle for longest when a new one was admitted.
    Replaced,
    /// It was idle for too long.
    Idle,
    /// A head did not arrive in time.
    SlowHead,
    /// A head was too large.
    LargeHead,
    /// The client did not take a response in time.
    Stalled,
}

/// The state of a database connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// It is in the pool.
    Idle,
    /// A read uses it.
    Used,
}

impl Label for SendOutcome {
    const NAME: &'static str = "outcome";
    const VALUES: &'static [Self] = &[Self::Accepted, Self::Refused];

    fn value(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

impl Label for PublishOutcome {
    const NAME: &'static str = "outcome";
    const VALUES: &'static [Self] =
        &[Self::Confirmed, Self::Returned, Self::Nacked, Self::Unconfirmed, Self::Unavailable];

    fn value(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Returned => "returned",
            Self::Nacked => "nacked",
            Self::Unconfirmed => "unconfirmed",
            Self::Unavailable => "unavailable",
        }
    }
}

impl From<&Result<(), PublishError>> for PublishOutcome {
    fn from(published: &Result<(), PublishError>) -> Self {
        match published {
            Ok(()) => Self::Confirmed,
            Err(PublishError::Returned) => Self::Returned,
            Err(PublishError::Refused) => Self::Nacked,
            Err(PublishError::Broker(BrokerError::TimedOut(_) | BrokerError::Unconfirmed)) => {
                Self::Unconfirmed
            }
            Err(PublishError::Broker(_)) => Self::Unavailable,
        }
    }
}

impl Label for HistoryRead {
    const NAME: &'static str = "route";
    const VALUES: &'static [Self] = &[Self::Conversation, Self::Inbox];

    fn value(self) -> &'static str {
        match self {
            Self::Conversation => paths::CONVERSATION,
            Self::Inbox => paths::INBOX,
        }
    }
}

impl Label for CloseReason {
    const NAME: &'static str = "reason";
    const VALUES: &'static [Self] = &[
        Self::Address,
        Self::Full,
        Self::Replaced,
        Self::Idle,
        Self::SlowHead,
        Self::LargeHead,
        Self::Stalled,
    ];

    fn value(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Full => "full",
            Self::Replaced => "replaced",
            Self::Idle => "idle",
            Self::SlowHead => "slow-head",
            Self::LargeHead => "large-head",
            Self::Stalled => "stalled",
        }
    }
}

impl Label for ConnectionState {
    const NAME: &'static str = "state";
    const VALUES: &'static [Self] = &[Self::Idle, Self::Used];

    fn value(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Used => "used",
        }
    }
}
