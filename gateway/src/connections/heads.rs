/// The most heads that actix gets before it parses them. Pipelined requests wait within actix,
/// where each takes 7 KiB, however short it is. Two, since a body may contain what ends a head.
const MAX_HEADS: u8 = 2;

/// Finds the ends of heads in the bytes of a connection: an empty line after a line that is not
/// empty.
#[derive(Debug, Default)]
pub(super) struct Heads {
    line: Line,
    ends: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    /// Only empty lines since the last head ended.
    #[default]
    None,
    /// Within a line.
    Text,
    /// At the beginning of a line.
    Begin,
}

impl Heads {
    /// Resets the count: actix has parsed what it had.
    pub(super) fn reset(&mut self) {
        self.ends = 0;
    }

    /// How many of `bytes`, which follow the previous ones, actix may have.
    pub(super) fn allow(&mut self, bytes: &[u8]) -> usize {
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let mut allowed = 0;
        while self.ends < MAX_HEADS {
            let Some(line) = lines.next() else { return allowed };
            allowed += line.len();
            self.add_line(line);
        }
        allowed
    }

    /// Whether actix must parse what it has before it gets more.
    pub(super) fn is_full(&self) -> bool {
        self.ends >= MAX_HEADS
    }

    fn add_line(&mut self, line: &[u8]) {
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
    fn bytes_after_the_second_head_are_held_back() {
        let head = b"GET / HTTP/1.1\r\nhost:\r\n\r\n";
        assert_eq!(Heads::default().allow(&head.repeat(5)), 2 * head.len());
        assert_eq!(Heads::default().allow(&b"GET / HTTP/1.1\n\n".repeat(5)), 32);
        let mut heads = Heads::default();
        assert_eq!(heads.allow(b"\r\n\r\n\r\n"), 6, "empty lines before a head do not end one");
        assert_eq!(heads.allow(&head.repeat(5)), 2 * head.len());
        assert!(heads.is_full() && heads.allow(head) == 0);
        heads.reset();
        assert_eq!(heads.allow(head), head.len());
    }

    #[test]
    fn heads_are_counted_alike_in_one_piece_and_byte_by_byte() {
        let bytes = b"GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\n\nGET /".repeat(3);
        let whole = Heads::default().allow(&bytes);
        let mut heads = Heads::default();
        let allowed: usize = bytes.iter().map(|byte| heads.allow(&[*byte])).sum();
        assert_eq!((allowed, heads.is_full()), (whole, true));
    }
}
