use chat::FileType;

use super::text;

/// The brands of MP4 files. HEIC and AVIF pictures and QuickTime films have the same structure and
/// other brands.
const MP4_BRANDS: [&[u8; 4]; 12] = [
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash",
    b"M4V ", b"mmp4",
];

/// The type of a file by its first bytes; that of a text by all of them.
///
/// Source: <https://mimesniff.spec.whatwg.org/>.
pub(super) fn detect(bytes: &[u8]) -> Option<FileType> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(FileType::Png),
        [0xff, 0xd8, 0xff, ..] => Some(FileType::Jpeg),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(FileType::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(FileType::Webp),
        [b'%', b'P', b'D', b'F', b'-', ..] => Some(FileType::Pdf),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(FileType::Zip),
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => MP4_BRANDS
            .iter()
            .any(|known| brand.starts_with(known.as_slice()))
            .then_some(FileType::Mp4),
        _ => text::is_plain(bytes).then_some(FileType::Text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_found_by_content() {
        let expected: [(&[u8], Option<FileType>); 14] = [
            (b"\x89PNG\r\n\x1a\n\0", Some(FileType::Png)),
            (b"\xff\xd8\xff\xe0", Some(FileType::Jpeg)),
            (b"GIF89a\0", Some(FileType::Gif)),
            (b"GIF88a\0", None),
            (b"RIFF\x04\0\0\0WEBP", Some(FileType::Webp)),
            (b"RIFF\x04\0\0\0WAVE", None),
            (b"%PDF-1.7\n", Some(FileType::Pdf)),
            (b"PK\x03\x04\0", Some(FileType::Zip)),
            (b"\0\0\0\x20ftypisom\0", Some(FileType::Mp4)),
            (b"\0\0\0\x20ftypheic\0", None),
            (b"\0\0\0\x20ftypqt  \0", None),
            (b"MZ\x90\0", None),
            (b"the boss is stuck", Some(FileType::Text)),
            (b"<html><script>alert(1)</script>", None),
        ];
        for (bytes, file_type) in expected {
            assert_eq!(detect(bytes), file_type, "{}", bytes.escape_ascii());
        }
    }
}
