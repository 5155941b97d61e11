use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Which trace a message belongs to, and after which of its spans what is done with it comes.
///
/// Source: <https://www.w3.org/TR/trace-context/#traceparent-header>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

/// What all versions begin with: `00-` with 32 digits, 16 and 2.
const LENGTH: usize = 55;

/// The flags that have a meaning here: that the trace is recorded, and that its id is random.
const KNOWN_FLAGS: u8 = 0b11;

impl TraceParent {
    /// The span `span_id` of the trace `trace_id`; nothing if one of them is 0, which no id is.
    pub fn new(trace_id: u128, span_id: u64, flags: u8) -> Option<Self> {
        let flags = flags & KNOWN_FLAGS;
        (trace_id != 0 && span_id != 0).then_some(Self { trace_id, span_id, flags })
    }

    /// The trace.
    pub fn trace_id(self) -> u128 {
        self.trace_id
    }

    /// The span.
    pub fn span_id(self) -> u64 {
        self.span_id
    }

    /// Whether the trace is recorded, in the lowest bit.
    pub fn flags(self) -> u8 {
        self.flags
    }

    /// The same from a header; nothing if it is none, or of a form that the standard tells to ignore.
    pub fn parse(text: &str) -> Option<Self> {
        let (known, more) = text.split_at_checked(LENGTH)?;
        let parts: Vec<_> = known.split('-').collect();
        let [version, trace_id, span_id, flags] = parts.as_slice() else { return None };
        let lengths = [version, trace_id, span_id, flags].map(|part| part.len());
        let is_known = match *version {
            "ff" => false,
            "00" => more.is_empty(),
            // A later version may add to what is known.
            _ => more.is_empty() || more.starts_with('-'),
        };
        let is_hexadecimal = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_written_so = parts.iter().all(|part| part.bytes().all(is_hexadecimal));
        if lengths != [2, 32, 16, 2] || !is_known || !is_written_so {
            return None;
        }
        let trace_id = u128::from_str_radix(trace_id, 16).ok()?;
        let span_id = u64::from_str_radix(span_id, 16).ok()?;
        Self::new(trace_id, span_id, u8::from_str_radix(flags, 16).ok()?)
    }

    /// Reads what an event says. One that is not valid, which older releases passed on, is as good as
    /// none: no message is lost for its trace.
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
    fn one_comes_out_as_it_went_in() {
        let parsed = TraceParent::parse(GOOD).unwrap();
        assert_eq!(parsed.trace_id(), 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        assert_eq!((parsed.span_id(), parsed.flags()), (0xb7ad_6b71_6920_3331, 1));
        assert_eq!(parsed.to_string(), GOOD);
    }

    #[test]
    fn what_the_standard_tells_to_ignore_is_ignored() {
        for bad in [
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
            assert_eq!(TraceParent::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let known = TraceParent::parse(GOOD);
        let later = GOOD.replacen("00", "01", 1);
        for text in [later.clone(), format!("{later}-more"), later.replace("-01", "-fd")] {
            assert_eq!(TraceParent::parse(&text), known, "{text}");
        }
        assert_eq!(TraceParent::parse(&format!("{later}more")), None);
    }
}
