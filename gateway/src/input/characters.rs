//! Unicode properties of characters.
//!
//! Source: <https://www.unicode.org/reports/tr44/>.

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{BidiControl, DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup},
};

/// The categories without a mark of their own. A combining mark needs a character before it.
const INVISIBLE: GeneralCategoryGroup = GeneralCategoryGroup::Control
    .union(GeneralCategoryGroup::Format)
    .union(GeneralCategoryGroup::Separator)
    .union(GeneralCategoryGroup::NonspacingMark)
    .union(GeneralCategoryGroup::EnclosingMark);

/// Symbols that are blank by design, which no property tells: BRAILLE PATTERN BLANK and MUSICAL
/// SYMBOL NULL NOTEHEAD.
const BLANK_SYMBOLS: [char; 2] = ['\u{2800}', '\u{1d159}'];

/// Whether `text` has a visible character. Unassigned characters count as visible, since future
/// emoji are among them.
pub(super) fn is_visible(text: &str) -> bool {
    text.chars().any(|character| {
        character.is_ascii_graphic()
            || !INVISIBLE.contains(CodePointMapData::<GeneralCategory>::new().get(character))
                && !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
                && !BLANK_SYMBOLS.contains(&character)
    })
}

/// Whether `text` has a control character (C0, DEL or C1) that is not one of `allowed`.
pub(super) fn has_control(text: &str, allowed: &[char]) -> bool {
    text.chars().any(|character| character.is_control() && !allowed.contains(&character))
}

/// Whether the character changes the direction of the text around it.
pub(super) fn is_bidi_control(character: char) -> bool {
    CodePointSetData::new::<BidiControl>().contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_a_mark_is_not_visible() {
        for text in [
            "",
            " \n",
            "\0\u{7f}\u{9f}",
            "\u{200b}",
            "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}",
            "\u{ad}",
            "\u{34f}",
            "\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}",
            "\u{115f}\u{1160}\u{3164}\u{ffa0}",
            "\u{17b4}\u{17b5}",
            "\u{180b}\u{180e}",
            "\u{2028}\u{2029}\u{3000}\u{a0}",
            "\u{fe0f}",
            "\u{fff9}\u{fffb}",
            "\u{1bca0}",
            "\u{1d173}",
            "\u{e0001}\u{e0020}\u{e007f}\u{e0100}\u{e0fff}",
            "\u{301}",
            "\u{20dd}",
            "\u{2800}",
            "\u{1d159}",
        ] {
            assert!(!is_visible(text), "{text:?}");
        }
    }

    #[test]
    fn text_in_any_script_is_visible() {
        for text in [
            "a",
            "\u{200b}.\u{200b}",
            "ä",
            "e\u{301}",
            "é",
            "שלום",
            "\u{202b}שלום\u{202c}",
            "مرحبا",
            "नमस्ते",
            "ำ",
            "你好",
            "안",
            "😀",
            "👨\u{200d}👩\u{200d}👧",
            "❤\u{fe0f}",
            "1\u{fe0f}\u{20e3}",
            "🏴\u{e0067}\u{e0062}\u{e007f}",
            "€",
            "\u{e000}",
            "\u{fffd}",
            // Reserved for pictographs, and unassigned.
            "\u{1fafe}",
        ] {
            assert!(is_visible(text), "{text:?}");
        }
    }
}
