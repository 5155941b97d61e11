//! Colour profiles, the one part of a picture's metadata that is kept: without it the colours change.
//!
//! Source: <https://www.color.org/specification/ICC.1-2022-05.pdf>, section 7.2.

use image::ColorType;

/// The most bytes of a profile. Those of cameras and screens have a few thousand, those of presses
/// about a million.
pub(super) const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Whether the bytes are a profile and nothing else.
pub(super) fn is_profile(bytes: &[u8]) -> bool {
    let size = bytes.first_chunk().map(|size| u32::from_be_bytes(*size));
    bytes.len() <= MAX_BYTES
        && bytes.len() >= 128
        && size.is_some_and(|size| usize::try_from(size) == Ok(bytes.len()))
        && bytes.get(36..40) == Some(b"acsp")
}

/// Whether the profile describes pixels of this kind. A picture for print loses its four inks by
/// decoding, and its profile with them.
pub(super) fn describes(profile: &[u8], color: ColorType) -> bool {
    let expected = if color.has_color() { b"RGB " } else { b"GRAY" };
    profile.get(16..20) == Some(expected)
}
