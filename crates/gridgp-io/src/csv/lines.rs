//! Lines of a text, counted while it is read: ends are `\n`, `\r\n` and `\r` alike.

use std::collections::VecDeque;
use std::io::Read;

/// A text that remembers where its lines begin, as far ahead as it was read.
pub(super) struct LineStarts<R> {
    text: R,
    /// Bytes read so far.
    read: u64,
    /// The last byte read.
    last: u8,
    /// Where the lines after the current one begin.
    starts: VecDeque<u64>,
    /// The line that was asked for last, from 1.
    line: u64,
}

impl<R> LineStarts<R> {
    pub(super) fn new(text: R) -> Self {
        Self { text, read: 0, last: 0, starts: VecDeque::new(), line: 1 }
    }

    /// The line, from 1, of a byte that was read; later bytes are asked for later.
    pub(super) fn line(&mut self, byte: u64) -> u64 {
        while self.starts.front().is_some_and(|&start| start <= byte) {
            self.starts.pop_front();
            self.line += 1;
        }
        self.line
    }
}

impl<R: Read> Read for LineStarts<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.text.read(buffer)?;
        for &byte in &buffer[..n] {
            // A line begins behind `\n`, and behind a `\r` that no `\n` follows.
            if self.last == b'\n' || (self.last == b'\r' && byte != b'\n') {
                self.starts.push_back(self.read);
            }
            (self.last, self.read) = (byte, self.read + 1);
        }
        Ok(n)
    }
}

/// Number of ends of lines in a text.
pub(super) fn ends_within(text: &[u8]) -> u64 {
    let end = |i: usize| match text[i] {
        b'\n' => true,
        b'\r' => text.get(i + 1) != Some(&b'\n'),
        _ => false,
    };
    (0..text.len()).filter(|&i| end(i)).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a few bytes at a time.
    struct Few<'a>(&'a [u8], usize);

    impl Read for Few<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let n = self.1.min(self.0.len()).min(buffer.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    #[test]
    fn every_end_of_a_line_counts_once_however_it_is_read() {
        let text = b"a\r\nb\n\n\rc\r\r\nd";
        let expected = [1, 1, 1, 2, 2, 3, 4, 5, 5, 6, 6, 7];
        for few in 1..=text.len() {
            let mut lines = LineStarts::new(Few(text, few));
            lines.read_to_end(&mut vec![]).unwrap();
            let found: Vec<u64> = (0..text.len() as u64).map(|i| lines.line(i)).collect();
            assert_eq!(found, expected, "{few}");
        }
        assert_eq!(ends_within(text), 6);
        assert_eq!(ends_within(b""), 0);
    }
}
