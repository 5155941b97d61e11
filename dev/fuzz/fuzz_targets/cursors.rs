//! A cursor from a URL: a parsed cursor is equal after formatting and parsing.
#![no_main]

use gateway::reads::{InboxCursor, MessageCursor};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(cursor) = MessageCursor::try_from(text.to_owned()) {
        assert_eq!(MessageCursor::try_from(cursor.to_string()).unwrap(), cursor);
    }
    if let Ok(cursor) = InboxCursor::try_from(text.to_owned()) {
        assert_eq!(InboxCursor::try_from(cursor.to_string()).unwrap(), cursor);
    }
});
