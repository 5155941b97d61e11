//! Plain text, apart from what a browser or a shell may run.

/// How many bytes are searched for markup: more than a browser reads to find the type of a page.
const SEARCHED: usize = 2048;

/// What runs, where it is at the beginning of a text, in lower case.
const FIRST: [&str; 4] = ["#!", "%!", "@echo", "{\\rtf"];

/// What runs, where it is anywhere near the beginning of a text, in lower case.
const ANYWHERE: [&str; 10] = [
    "<!doctype",
    "<?xml",
    "<?php",
    "<html",
    "<head",
    "<body",
    "<script",
    "<iframe",
    "<svg",
    "%pdf-",
];

/// Whether the bytes are text that nothing but a person reads: UTF-8 without NUL, and no HTML, XML,
/// SVG or script.
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else { return false };
    if text.contains('\0') {
        return false;
    }
    let start: String = text.chars().take(SEARCHED).collect::<String>().to_ascii_lowercase();
    let start = start.trim_start_matches(|character: char| {
        character == '\u{feff}' || character.is_whitespace() || character.is_control()
    });
    !begins_as_markup(start)
        && !FIRST.iter().any(|prefix| start.starts_with(prefix))
        && !ANYWHERE.iter().any(|markup| start.contains(markup))
}

/// Whether the text begins with a tag, a comment or a declaration. A log's `<34>` is none.
fn begins_as_markup(text: &str) -> bool {
    text.strip_prefix('<').is_some_and(|rest| {
        rest.starts_with(|next: char| next.is_alphabetic() || matches!(next, '!' | '?' | '/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_plain_unless_something_could_run_it() {
        for (text, is_expected) in [
            ("12:03 the boss is stuck\r\n12:04 <3 & 1 < 2", true),
            ("<34>1 2026-11-29T12:03:00Z game - - started", true),
            ("größe\u{feff} und Höhe", true),
            ("BMW and MZ are no programs", true),
            ("see #! and %! below", true),
            ("a\0b", false),
            ("\u{feff} \n<!-- a comment --><svg>", false),
            ("<B>bold</B>", false),
            ("\u{c}<Script>alert(1)</Script>", false),
            ("harmless\n<SCRIPT src=//example.com>", false),
            ("<?xml version='1.0'?>", false),
            ("text\n<sVg onload=alert(1)>", false),
            ("#!/bin/sh\nrm -r /", false),
            ("@ECHO off", false),
            ("{\\rtf1", false),
            ("about\n%PDF-1.7", false),
        ] {
            assert_eq!(is_plain(text.as_bytes()), is_expected, "{text}");
        }
        assert!(!is_plain(b"caf\xe9"), "Latin-1");
        assert!(!is_plain(b"\xff\xfea\0"), "UTF-16");
    }
}
