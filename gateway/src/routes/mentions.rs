//! The mentions in an internal note.

use chat::SenderId;

/// The most members of the staff that one note mentions.
const MAX_MENTIONS: usize = 10;

/// The members of the staff whom `text` mentions, each once, in their order: `@` at the beginning of a
/// word, and the id behind it. White space and punctuation end a word; full stops, colons and quotes
/// are part of the id, except at its end.
pub(super) fn mentions(text: &str) -> Vec<SenderId> {
    let mut found = Vec::new();
    for word in text.split(is_separator) {
        let word = word.trim_start_matches(['\'', '*', '_']);
        let Some(id) = word.strip_prefix('@') else { continue };
        let id = id.trim_end_matches(['.', ':', '\'', '*', '…']).to_owned();
        let Ok(id) = SenderId::try_from(id) else { continue };
        if found.len() < MAX_MENTIONS && !found.contains(&id) {
            found.push(id);
        }
    }
    found
}

fn is_separator(character: char) -> bool {
    character.is_whitespace() || ",;!?()[]{}<>\"¡¿".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        mentions(text).iter().map(|id| id.as_str().to_owned()).collect()
    }

    #[test]
    fn a_mention_is_an_id_behind_an_at_sign_at_the_beginning_of_a_word() {
        assert_eq!(
            ids("@ada,@dan ask (@grace) or @ada: @bea@example.com."),
            ["ada", "dan", "grace", "bea@example.com"]
        );
        assert!(ids("mail ada@example.com @ @. no").is_empty());
    }

    #[test]
    fn a_note_mentions_ten_members_at_most() {
        let text: Vec<_> = (0..12).map(|number| format!("@s{number}")).collect();
        assert_eq!(ids(&text.join(" ")), (0..10).map(|n| format!("s{n}")).collect::<Vec<_>>());
        assert!(ids(&format!("@{}", "a".repeat(129))).is_empty());
    }
}
