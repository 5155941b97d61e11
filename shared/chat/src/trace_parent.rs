use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// The `traceparent` of W3C Trace Context: a trace, and the parent of its next span.
///
/// Source: <https://www.w3.org/TR/trace-context/#traceparent-header>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

/// The length of the part that all versions share: a version of 2 digits, 32, 16 and 2 digits.
const LENGTH: usize = 55;

/// The known flags: sampled, and random trace id.
const KNOWN_FLAGS: u8 = 0b11;

impl TraceParent {
    /// The span `span_id` of the trace `trace_id`; nothing if an id is 0, which is invalid.
    pub fn new(trace_id: u128, span_id: u64, flags: u8) -> Option<Self> {
        let flags = flags & KNOWN_FLAGS;
        (trace_id != 0 && span_id != 0).then_some(Self { trace_id, span_id, flags })
    }

    /// The id of the trace.
    pub fn trace_id(self) -> u128 {
        self.trace_id
    }

    /// The id of the parent span.
    pub fn span_id(self) -> u64 {
        self.span_id
    }

    /// The flags; the lowest bit says that the trace is sampled.
    pub fn flags(self) -> u8 {
        self.flags
    }

    /// Parses a header; nothing if the standard says to ignore it.
    pub fn parse(text: &str) -> Option<Self> {
        let (known, more) = text.split_at_checked(LENGTH)?;
        let parts: Vec<_> = known.split('-').collect();
        let [version, trace_id, span_id, flags] = parts.as_slice() else { return None };
        let lengths = [version, trace_id, span_id, flags].map(|part| part.len());
        let is_known = match *version {
            "ff" => false,
            "00" => more.is_empty(),
            // A later version may append fields.
            _ => more.is_empty() || more.starts_with('-'),
        };
        let is_hexadecimal = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_well_formed = parts.iter().all(|part| part.bytes().all(is_hexadecimal));
        if lengths != [2, 32, 16, 2] || !is_known || !is_well_formed {
            return None;
        }
        let trace_id = u128::from_str_radix(trace_id, 16).ok()?;
        let span_id = u64::from_str_radix(span_id, 16).ok()?;
        Self::new(trace_id, span_id, u8::from_str_radix(flags, 16).ok()?)
    }

    /// Deserializes the field of an event. An invalid one, which older releases forwarded, counts as none,
    /// so that the message stays readable.
    pub(super) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        Ok(text.and_then(|text| Self::parse(&text)))
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace_id, span_id, flags } = self;
        write!(f, "00-{trace_id:032x}-{span_id:016x}-{flags:02x}")
    }
}

impl Serialize for TraceParent {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_header_survives_parsing_and_printing() {
        let parsed = TraceParent::parse(GOOD).unwrap();
        assert_eq!(parsed.trace_id(), 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        assert_eq!((parsed.span_id(), parsed.flags()), (0xb7ad_6b71_6920_3331, 1));
        assert_eq!(parsed.to_string(), GOOD);
    }

    #[test]
    fn an_invalid_header_is_ignored() {
        for invalid in [
            "",
            "00-0af7-b7ad-01",
            &GOOD.to_uppercase(),
            &format!("{GOOD}-00"),
            &GOOD.replacen("00", "ff", 1),
            &GOOD.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
            &GOOD.replace("b7ad6b7169203331", &"0".repeat(16)),
            &GOOD.replace("0af", "+af"),
            &GOOD.replace('a', "ä"),
        ] {
            assert_eq!(TraceParent::parse(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn the_known_part_of_a_later_version_is_parsed() {
        let expected = TraceParent::parse(GOOD);
        let later = GOOD.replacen("00", "01", 1);
        for text in [later.clone(), format!("{later}-more"), later.replace("-01", "-fd")] {
            assert_eq!(TraceParent::parse(&text), expected, "{text}");
        }
        assert_eq!(TraceParent::parse(&format!("{later}more")), None);
    }
}
