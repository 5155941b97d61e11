use std::ops::Range;

use actix_web::{
    HttpRequest,
    http::header::{self, ByteRangeSpec, Header},
};

/// The one range of bytes that a request asks for; `None` when it asks for all of them, or for several
/// ranges, which a server may ignore.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9110#section-14.2>.
pub fn single_range(request: &HttpRequest) -> Option<ByteRangeSpec> {
    // `If-Range` has no effect: a file never changes.
    let range = header::Range::parse(request).ok()?;
    match range {
        header::Range::Bytes(ranges) if ranges.len() == 1 => ranges.into_iter().next(),
        _ => None,
    }
}

/// The bytes of `range` in a file of `size` bytes; `None` when it has none of them.
pub fn bytes_in_range(range: &ByteRangeSpec, size: u64) -> Option<Range<u64>> {
    let (first, last) = range.to_satisfiable_range(size)?;
    Some(first..last + 1)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn bytes(range: &str, size: u64) -> Option<Option<Range<u64>>> {
        let request = TestRequest::default().insert_header(("range", range)).to_http_request();
        single_range(&request).map(|range| bytes_in_range(&range, size))
    }

    #[test]
    fn one_range_is_cut_to_the_size_and_several_are_ignored() {
        assert_eq!(bytes("bytes=0-9", 100), Some(Some(0..10)));
        assert_eq!(bytes("bytes=90-200", 100), Some(Some(90..100)));
        assert_eq!(bytes("bytes=90-", 100), Some(Some(90..100)));
        assert_eq!(bytes("bytes=-10", 100), Some(Some(90..100)));
        assert_eq!(bytes("bytes=-200", 100), Some(Some(0..100)));
        assert_eq!(bytes("bytes=100-", 100), Some(None));
        assert_eq!(bytes("bytes=-0", 100), Some(None));
        for ignored in ["bytes=0-1,5-6", "lines=0-1", "bytes=9-0", "bytes=x", ""] {
            assert!(!matches!(bytes(ignored, 100), Some(Some(_))), "{ignored}");
        }
    }
}
