use super::super::{LatestCursor, UrgencyCursor, WaitingCursor};

/// The order of conversations, and the cursor after which the page begins.
#[derive(Clone, Debug)]
pub enum InboxOrder {
    /// The latest message first.
    Latest(Option<LatestCursor>),
    /// The longest waiting player first; conversations in which no player waits last.
    Waiting(Option<WaitingCursor>),
    /// The most urgent session first, and of equally urgent ones in the order of waiting; resolved
    /// ones last.
    Urgency(Option<UrgencyCursor>),
}

impl InboxOrder {
    /// The order of rows of conversations, whose column `urgency` is that of their session.
    pub(super) fn order_by(&self) -> &'static str {
        match self {
            Self::Latest(_) => " ORDER BY last_message_at DESC, player_id DESC",
            Self::Waiting(_) => " ORDER BY waiting_since, player_id",
            Self::Urgency(_) => " ORDER BY urgency DESC, waiting_since, player_id",
        }
    }

    /// The same order, where other tables have columns of the same names.
    pub(super) fn qualified_order_by(&self) -> &'static str {
        match self {
            Self::Latest(_) => {
                " ORDER BY chat_conversations.last_message_at DESC, chat_conversations.player_id DESC"
            }
            Self::Waiting(_) => {
                " ORDER BY chat_conversations.waiting_since, chat_conversations.player_id"
            }
            Self::Urgency(_) => {
                " ORDER BY chat_conversations.urgency DESC, chat_conversations.waiting_since, \
                 chat_conversations.player_id"
            }
        }
    }
}
