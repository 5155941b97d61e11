//! The labels of the gateway's metrics.

use broker::{BrokerError, PublishError};
use service::metrics::Label;
use strum::{IntoStaticStr, VariantArray};

use crate::routes::paths;

/// The outcome of a request to publish an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum SendOutcome {
    /// Both queues have it on disk.
    Accepted,
    /// It counts as lost, and the client got a 503.
    Refused,
}

/// The outcome of a publish to one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum PublishOutcome {
    /// The queue has it on disk.
    Confirmed,
    /// The queue does not exist.
    Returned,
    /// The queue rejected it: it is full or has no leader.
    Nacked,
    /// RabbitMQ did not respond in time.
    Unconfirmed,
    /// The connection failed.
    Unavailable,
}

/// What is read from the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray)]
pub enum HistoryRead {
    /// A page of a conversation.
    Conversation,
    /// A page of the inbox.
    Inbox,
    /// A page of notes.
    Notes,
    /// The members of the staff.
    Staff,
    /// The canned replies.
    CannedReplies,
    /// Whether an assignment can have an effect.
    Assignment,
    /// The team whose members may subscribe to a channel.
    PusherAuth,
    /// The message that names a file, or whether a player may upload one.
    Attachment,
}

/// The outcome of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum UploadOutcome {
    /// The file is stored.
    Stored,
    /// The file was stored before.
    Repeated,
    /// Another file has the id.
    Conflict,
    /// The file is too large, or its type is not allowed, or it is invalid.
    Rejected,
    /// The scanner found a virus.
    Infected,
    /// The caller may not upload.
    Forbidden,
    /// The player's quota is used up.
    Quota,
    /// The store, the scanner, the database or memory was not available.
    Unavailable,
}

/// Why a client's connection was closed, or not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum CloseReason {
    /// Its address had the most connections allowed, all of them busy.
    Address,
    /// The gateway had the most connections allowed, all of them busy.
    Full,
    /// It was idle for longest when a new connection needed its place.
    Replaced,
    /// It had no request for too long.
    Idle,
    /// A request's head did not arrive in time.
    SlowHead,
    /// A request's head was too large.
    LargeHead,
    /// The client did not read a response in time.
    Stalled,
}

/// The state of a connection to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum ConnectionState {
    /// It waits in the pool.
    Idle,
    /// A read uses it.
    Used,
}

impl Label for SendOutcome {
    const NAME: &'static str = "outcome";
}

impl Label for PublishOutcome {
    const NAME: &'static str = "outcome";
}

impl Label for HistoryRead {
    const NAME: &'static str = "route";
}

impl Label for UploadOutcome {
    const NAME: &'static str = "outcome";
}

impl Label for CloseReason {
    const NAME: &'static str = "reason";
}

impl Label for ConnectionState {
    const NAME: &'static str = "state";
}

impl From<HistoryRead> for &'static str {
    fn from(read: HistoryRead) -> Self {
        match read {
            HistoryRead::Conversation => paths::CONVERSATION,
            HistoryRead::Inbox => paths::INBOX,
            HistoryRead::Notes => paths::NOTES,
            HistoryRead::Staff => paths::STAFF,
            HistoryRead::CannedReplies => paths::CANNED_REPLIES,
            HistoryRead::Assignment => paths::ASSIGNMENT,
            HistoryRead::PusherAuth => paths::PUSHER_AUTH,
            HistoryRead::Attachment => paths::ATTACHMENT,
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
