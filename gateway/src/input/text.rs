use chat::{Content, Name, SenderId, ValidationError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::characters::{has_control, is_bidi_control, is_visible};

const NOT_VISIBLE: ValidationError = ValidationError("must have a visible character");

/// The text of a message: 1 to 4,000 characters without the white space around them, at least one
/// of them visible. No control characters but line feeds and tabs; CRLF becomes LF.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(
    as = Content,
    value_type = String,
    min_length = 1,
    max_length = 4000,
    pattern = r"^[\t-\r\u0085]*([^\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\r\n)*[^\u0000-\u0020\u007f-\u00a0\u00ad\u0300-\u036f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u20d0-\u20f0\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]([^\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\r\n)*[\t-\r\u0085]*$",
    examples("My sword is gone")
)]
pub struct NewContent(Content);

impl TryFrom<String> for NewContent {
    type Error = ValidationError;

    fn try_from(text: String) -> Result<Self, ValidationError> {
        let text = if text.contains('\r') { text.replace("\r\n", "\n") } else { text };
        let content = Content::try_from(text)?;
        if has_control(content.as_str(), &['\n', '\t']) {
            return Err(ValidationError(
                "must not have control characters other than line feed and tab",
            ));
        }
        if !is_visible(content.as_str()) {
            return Err(NOT_VISIBLE);
        }
        Ok(Self(content))
    }
}

impl From<NewContent> for Content {
    fn from(content: NewContent) -> Self {
        content.0
    }
}

/// A display name: 1 to 128 characters, at least one of them visible, and no control characters.
/// Characters that change the direction of text are removed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(
    as = Name,
    value_type = String,
    min_length = 1,
    max_length = 128,
    pattern = r"^[\t-\r\u0085]*[^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0\u00ad\u0300-\u036f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u20d0-\u20f0\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb][^\u0000-\u001f\u007f-\u009f]*[\t-\r\u0085]*$",
    examples("Ada")
)]
pub struct NewName(Name);

impl TryFrom<String> for NewName {
    type Error = ValidationError;

    fn try_from(mut text: String) -> Result<Self, ValidationError> {
        if !text.is_ascii() {
            text.retain(|character| !is_bidi_control(character));
        }
        let name = Name::try_from(text)?;
        check_line(name.as_str())?;
        Ok(Self(name))
    }
}

impl From<NewName> for Name {
    fn from(name: NewName) -> Self {
        name.0
    }
}

/// The portal's id for a member of the staff: 1 to 128 characters, at least one of them visible. No
/// control characters, and none that change the direction of text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(
    as = SenderId,
    value_type = String,
    min_length = 1,
    max_length = 128,
    pattern = r"^[\t-\r\u0085]*[^\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]*[^\u0000-\u0020\u007f-\u00a0\u00ad\u0300-\u036f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u20d0-\u20f0\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb][^\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]*[\t-\r\u0085]*$",
    examples("ada")
)]
pub struct NewSenderId(SenderId);

impl TryFrom<String> for NewSenderId {
    type Error = ValidationError;

    fn try_from(text: String) -> Result<Self, ValidationError> {
        let id = SenderId::try_from(text)?;
        if id.as_str().contains(is_bidi_control) {
            return Err(ValidationError(
                "must not have characters that change the direction of text",
            ));
        }
        check_line(id.as_str())?;
        Ok(Self(id))
    }
}

impl From<NewSenderId> for SenderId {
    fn from(id: NewSenderId) -> Self {
        id.0
    }
}

fn check_line(text: &str) -> Result<(), ValidationError> {
    if has_control(text, &[]) {
        return Err(ValidationError("must not have control characters"));
    }
    if is_visible(text) { Ok(()) } else { Err(NOT_VISIBLE) }
}

/// The display name in a token, whose bearer cannot correct it: the first 128 characters of `text`
/// that a name may have. None when none of them is visible.
pub fn display_name(text: &str) -> Option<Name> {
    let is_plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    if text.len() <= Name::MAX_CHARACTERS && text.bytes().all(is_plain) {
        return Name::try_from(text.to_owned()).ok();
    }
    let line =
        text.chars().map(|character| if character.is_whitespace() { ' ' } else { character });
    let allowed = line.filter(|&character| !character.is_control() && !is_bidi_control(character));
    let allowed: String = allowed.collect();
    let cut: String = allowed.trim_start().chars().take(Name::MAX_CHARACTERS).collect();
    NewName::try_from(cut).ok().map(Name::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str) -> Result<String, ValidationError> {
        NewContent::try_from(text.to_owned()).map(|content| content.0.as_str().to_owned())
    }

    fn name(text: &str) -> Result<String, ValidationError> {
        NewName::try_from(text.to_owned()).map(|name| name.0.as_str().to_owned())
    }

    fn sender_id(text: &str) -> Result<String, ValidationError> {
        NewSenderId::try_from(text.to_owned()).map(|id| id.0.as_str().to_owned())
    }

    #[test]
    fn content_may_have_line_feeds_and_tabs_and_no_other_control_characters() {
        assert_eq!(content("a\n\tb").unwrap(), "a\n\tb");
        for control in ('\0'..='\u{9f}').filter(|character| character.is_control()) {
            let text = format!("a{control}b");
            assert_eq!(content(&text).is_ok(), matches!(control, '\n' | '\t'), "{text:?}");
        }
    }

    #[test]
    fn crlf_in_content_becomes_lf() {
        assert_eq!(content("a\r\nb\r\n\r\nc\r\n").unwrap(), "a\nb\n\nc");
        assert_eq!(content(&"\r\n".repeat(3_999).replacen("\r\n", "ab\r\n", 1)).unwrap(), "ab");
        let long = format!("a{}b", "\r\n".repeat(3_998));
        assert_eq!(content(&long).unwrap().chars().count(), 4_000);
        assert!(content("a\rb").is_err());
    }

    #[test]
    fn content_and_names_without_a_visible_character_are_rejected() {
        for text in ["\u{200b}", "\u{3164} \u{feff}", "\u{2800}", "\u{202e}", "\u{e0020}"] {
            assert!(content(text).is_err(), "{text:?}");
            assert!(name(text).is_err(), "{text:?}");
            assert!(sender_id(text).is_err(), "{text:?}");
        }
        assert_eq!(content("👨\u{200d}👩\u{200d}👧").unwrap(), "👨\u{200d}👩\u{200d}👧");
    }

    #[test]
    fn characters_that_change_the_direction_of_text_are_removed_from_names() {
        assert_eq!(name("Bo\u{202e}eibbeD").unwrap(), "BoeibbeD");
        assert_eq!(name("\u{200f}שלום\u{2067}\u{2069}").unwrap(), "שלום");
        assert_eq!(name(" Ada \n").unwrap(), "Ada");
        assert!(name("Ada\nLovelace").is_err());
        assert!(sender_id("ad\u{202e}a").is_err());
    }

    #[test]
    fn display_name_keeps_what_a_name_may_have() {
        let made = |text: &str| display_name(text).map(|name| name.as_str().to_owned());
        assert_eq!(made(" Ada\r\nLovelace ").unwrap(), "Ada  Lovelace");
        assert_eq!(made("Bo\0\u{202e}!").unwrap(), "Bo!");
        for (character, length) in [("n", 129), ("ä", 500), ("😀", 129)] {
            assert_eq!(made(&character.repeat(length)).unwrap(), character.repeat(128));
        }
        assert_eq!(made(&format!("{}a b", " ".repeat(200))).unwrap(), "a b");
        for nothing in ["", " \n", "\0", "\u{200b}", "\u{202e}"] {
            assert_eq!(made(nothing), None, "{nothing:?}");
        }
    }
}
