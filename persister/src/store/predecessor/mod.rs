//! V1.2's tables, in a schema of their own in the same database. V1.2 writes only its own tables, and
//! the persister's command copies between them and this system's when a portal changes from one to the
//! other: docs/operations/upgrades.md. Both directions may be repeated, and copy only what is missing.
//!
//! Joins of both systems' tables are possible while this system's are not distributed.

mod export;
mod import;

use std::str::FromStr;

use chat::ValidationError;

pub use export::{Exported, export};
pub use import::{Imported, LeftOut, import};

/// The most characters of an identifier of PostgreSQL.
const MAX_IDENTIFIER: usize = 63;

/// The schema of V1.2's tables.
#[derive(Clone, Debug)]
pub struct PredecessorSchema(String);

impl FromStr for PredecessorSchema {
    type Err = ValidationError;

    /// It becomes part of statements, so it may have only what needs no quotes.
    fn from_str(name: &str) -> Result<Self, ValidationError> {
        let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        let begins = name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
        if !begins || name.len() > MAX_IDENTIFIER || !name.bytes().all(is_plain) {
            return Err(ValidationError(
                "must have 1 to 63 lower-case letters, digits and _, and not begin with a digit",
            ));
        }
        Ok(Self(name.to_owned()))
    }
}

impl PredecessorSchema {
    /// `statement` with this schema in place of each `v1_2`.
    fn of(&self, statement: &str) -> String {
        statement.replace("v1_2.", &format!("{}.", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_that_needs_quotes_is_refused() {
        for name in ["", "1", "V1", "v1.2", "a b", "a;", "\"a\"", &"a".repeat(64)] {
            assert!(name.parse::<PredecessorSchema>().is_err(), "{name}");
        }
        let schema: PredecessorSchema = "old_chat".parse().unwrap();
        assert_eq!(
            schema.of("SELECT 1 FROM v1_2.chat_messages"),
            "SELECT 1 FROM old_chat.chat_messages"
        );
    }
}
