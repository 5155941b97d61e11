/// How many heads actix gets before it parses them. Requests that come together wait within actix, where
/// each takes 7 KiB, however short it is. Two, since a body may look like the end of a head.
const MOST: u8 = 2;

/// Finds where heads end in the bytes of a connection: at an empty line behind one that is not.
#[derive(Debug, Default)]
pub(super) struct Heads {
    line: Line,
    ends: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    /// Nothing but empty lines has come since the last head ended.
    #[default]
    None,
    /// Within a line.
    Text,
    /// At the beginning of a line.
    Begin,
}

impl Heads {
    /// Starts to count anew: actix has parsed what it had.
    pub(super) fn were_parsed(&mut self) {
        self.ends = 0;
    }

    /// How many of `bytes`, which have come behind the last ones, actix may have.
    pub(super) fn allow(&mut self, bytes: &[u8]) -> usize {
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let mut allowed = 0;
        while self.ends < MOST {
            let Some(line) = lines.next() else { return allowed };
            allowed += line.len();
            self.line_came(line);
        }
        allowed
    }

    /// Whether actix must parse what it has before it gets more.
    pub(super) fn are_enough(&self) -> bool {
        self.ends >= MOST
    }

    fn line_came(&mut self, line: &[u8]) {
        let is_whole = line.last() == Some(&b'\n');
        let is_empty = line.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
        self.line = match (self.line, is_empty, is_whole) {
            (Line::None, true, _) => Line::None,
            (Line::Begin, true, true) => {
                self.ends += 1;
                Line::None
            }
            (Line::Begin, true, false) => Line::Begin,
            (_, _, true) => Line::Begin,
            (_, _, false) => Line::Text,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_heads_are_allowed_and_nothing_behind_them() {
        let head = b"GET / HTTP/1.1\r\nhost:\r\n\r\n";
        assert_eq!(Heads::default().allow(&head.repeat(5)), 2 * head.len());
        assert_eq!(Heads::default().allow(&b"GET / HTTP/1.1\n\n".repeat(5)), 32);
        let mut behind = Heads::default();
        assert_eq!(behind.allow(b"\r\n\r\n\r\n"), 6, "empty lines before a head are none");
        assert_eq!(behind.allow(&head.repeat(5)), 2 * head.len());
        assert!(behind.are_enough() && behind.allow(head) == 0);
        behind.were_parsed();
        assert_eq!(behind.allow(head), head.len());
    }

    #[test]
    fn heads_that_come_byte_by_byte_are_counted_alike() {
        let bytes = b"GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\n\nGET /".repeat(3);
        let whole = Heads::default().allow(&bytes);
        let mut heads = Heads::default();
        let allowed: usize = bytes.iter().map(|byte| heads.allow(&[*byte])).sum();
        assert_eq!((allowed, heads.are_enough()), (whole, true));
    }
}
