use diesel::{
    ExpressionMethods, NullableExpressionMethods,
    dsl::{AssumeNotNull, IsNull, Otherwise, case_when},
};

use crate::schema::{chat_conversations, chat_sessions};

/// The SQL expression of [`last_message_at`].
pub type LastMessageAt = Otherwise<
    case_when<
        IsNull<chat_sessions::resolved_at>,
        AssumeNotNull<chat_conversations::last_message_at>,
    >,
    chat_sessions::last_message_at,
>;

/// When the last message of a session was accepted, in a query that joins its conversation. An open
/// session's last message is the conversation's, and only the conversation's row is up to date: a
/// message that changes nothing else of its session does not update the session's row.
pub fn last_message_at() -> LastMessageAt {
    let of_conversation = chat_conversations::last_message_at.assume_not_null();
    case_when(chat_sessions::resolved_at.is_null(), of_conversation)
        .otherwise(chat_sessions::last_message_at)
}
