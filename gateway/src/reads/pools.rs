use database::{DatabaseSettings, Pool};
use diesel_async::pooled_connection::deadpool::BuildError;

use crate::metrics::HistoryRead;

/// The connection pools. Each kind of read has its own, so that neither waits for the other.
#[derive(Clone)]
pub struct ReadPools {
    /// For conversations.
    pub conversations: Pool,
    /// For the inbox, and for whatever else staff alone read.
    pub inbox: Pool,
}

/// The most connections of each pool.
#[derive(Clone, Copy, Debug)]
pub struct PoolSizes {
    /// For reads of conversations.
    pub conversations: usize,
    /// For reads of the inbox.
    pub inbox: usize,
}

impl ReadPools {
    /// Creates pools, whose connections are opened when they are needed.
    ///
    /// # Errors
    /// None with these settings.
    pub fn new(settings: &DatabaseSettings, sizes: PoolSizes) -> Result<Self, BuildError> {
        Ok(Self {
            conversations: database::pool(settings, sizes.conversations)?,
            inbox: database::pool(settings, sizes.inbox)?,
        })
    }

    /// Closes the connections that no read uses.
    pub fn close_idle(&self) {
        for pool in [&self.conversations, &self.inbox] {
            pool.retain(|_, _| false);
        }
    }

    /// The pool for reads of `kind`.
    pub(super) fn of(&self, kind: HistoryRead) -> &Pool {
        match kind {
            HistoryRead::Conversation | HistoryRead::Attachment => &self.conversations,
            HistoryRead::Inbox
            | HistoryRead::Notes
            | HistoryRead::Staff
            | HistoryRead::CannedReplies
            | HistoryRead::Assignment
            | HistoryRead::PusherAuth => &self.inbox,
        }
    }
}
