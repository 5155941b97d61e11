//! By what the gateway tells apart what it counts.

use broker::{BrokerError, PublishError};
use service::metrics::Label;

use crate::routes::paths;

/// What came of a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendOutcome {
    /// It is on disk in both queues.
    Accepted,
    /// It must be taken as lost, and its sender was told so.
    Refused,
}

/// What came of a publish to one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishOutcome {
    /// The queue has it on disk.
    Confirmed,
    /// There is no such queue.
    Returned,
    /// The queue did not take it: it is full or has no leader.
    Nacked,
    /// RabbitMQ said nothing in time.
    Unconfirmed,
    /// The connection broke.
    Unavailable,
}

/// What is read from the database.
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
    /// Its address had as many as it may have, all of them busy.
    Address,
    /// The gateway had as many as it may have, all of them busy.
    Full,
    /// It was idle for longest when a new one needed its place.
    Replaced,
    /// Nothing was asked on it for long.
    Idle,
    /// A head did not arrive in time.
    SlowHead,
    /// A head was too large.
    LargeHead,
    /// The client did not take an answer in time.
    Stalled,
}

/// How a connection to the database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// It waits for somebody who needs it.
    Idle,
    /// Somebody uses it.
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
