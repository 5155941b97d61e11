use diesel::{
    ExpressionMethods, NullableExpressionMethods,
    dsl::{AssumeNotNull, IsNull, Otherwise, case_when},
};

use crate::schema::{chat_conversations, chat_sessions};

/// What [`last_message_at`] is in SQL.
pub type LastMessageAt = Otherwise<
    case_when<
        IsNull<chat_sessions::resolved_at>,
        AssumeNotNull<chat_conversations::last_message_at>,
    >,
    chat_sessions::last_message_at,
>;

/// When the last message of a session was accepted, where its conversation is joined. An open session's
/// last message is its conversation's, and only that is kept true: most messages change nothing else of
/// their session, whose row is then left alone.
pub fn last_message_at() -> LastMessageAt {
    let of_conversation = chat_conversations::last_message_at.assume_not_null();
    case_when(chat_sessions::resolved_at.is_null(), of_conversation)
        .otherwise(chat_sessions::last_message_at)
}
