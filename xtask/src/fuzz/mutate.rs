//! One change or several of a file, from a seed and a number.

use crate::random::Random;

/// Which change.
pub struct Mutation {
    pub seed: u64,
    pub number: u64,
    /// Whether words and numbers are changed as such, besides bytes.
    pub is_text: bool,
}

/// Numbers that programs get wrong.
const NUMBERS: [&str; 14] = [
    "0",
    "-1",
    "1e308",
    "1e-308",
    "nan",
    "inf",
    "1000000000000000000",
    "9223372036854775807",
    "18446744073709551615",
    "0.1",
    "200",
    "1e9",
    "",
    "3",
];

const WORDS: [&str; 12] =
    ["(", ")", "[", "]", "=", "~", ",", "\"", "\n", "white()", " * matern32()", "exp("];

/// The changed file.
pub fn mutate(original: &[u8], mutation: &Mutation) -> Vec<u8> {
    let mut random = Random(mutation.seed ^ mutation.number.wrapping_mul(0xd6e8_feb8_6659_fd93));
    let mut bytes = original.to_vec();
    for _ in 0..1 + random.below(3) {
        if mutation.is_text && random.below(3) > 0 {
            change_text(&mut bytes, &mut random);
        } else {
            change_bytes(&mut bytes, &mut random);
        }
    }
    bytes
}

fn change_bytes(bytes: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(bytes.len());
    let length = 1 + random.below(16).min(bytes.len().saturating_sub(at + 1));
    match random.below(7) {
        _ if bytes.is_empty() => bytes.push(random.next() as u8),
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = random.next() as u8,
        2 => drop(bytes.drain(at..at + length)),
        3 => {
            let again = bytes[at..at + length].to_vec();
            bytes.splice(at..at, again);
        }
        4 => bytes.truncate(at),
        5 => {
            let wide = random.below(2) == 0;
            let number = [0, 1, u64::MAX, i64::MAX as u64, 1 << 31, 1 << 40][random.below(6)];
            let end = bytes.len().min(at + if wide { 8 } else { 4 });
            let mut new = number.to_le_bytes();
            if random.below(2) == 0 {
                new[..if wide { 8 } else { 4 }].reverse();
            }
            bytes[at..end].copy_from_slice(&new[..end - at]);
        }
        _ => drop(bytes.splice(at..at, (0..length).map(|_| random.next() as u8))),
    }
}

fn change_text(bytes: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(bytes.len());
    let is_number = |b: &u8| b.is_ascii_digit() || *b == b'.';
    match random.below(4) {
        // The next number becomes another.
        0 | 1 => {
            let Some(start) = bytes[at..].iter().position(is_number).map(|i| at + i) else {
                return;
            };
            let rest = bytes[start..].iter().position(|b| !is_number(b));
            let end = rest.map_or(bytes.len(), |i| start + i);
            drop(bytes.splice(start..end, random.pick(&NUMBERS).bytes()));
        }
        2 => {
            let word = random.pick(&WORDS).repeat(1 << random.below(14).saturating_sub(6));
            drop(bytes.splice(at..at, word.bytes()));
        }
        // A line goes elsewhere.
        _ => {
            let line = |at: usize| {
                let start = bytes[..at].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
                let end = bytes[at..].iter().position(|b| *b == b'\n');
                start..end.map_or(bytes.len(), |i| at + i + 1)
            };
            let (from, to) = (line(at), line(random.below(bytes.len())).start);
            let text = bytes[from].to_vec();
            drop(bytes.splice(to..to, text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_changes_the_same() {
        let text = b"[data]\nx = 1.5\ny = 2\n";
        let at = |number| mutate(text, &Mutation { seed: 1, number, is_text: true });
        for number in 0..2000 {
            assert_eq!(at(number), at(number));
            mutate(b"", &Mutation { seed: 1, number, is_text: number % 2 == 0 });
        }
        let changed = (0..2000).filter(|&n| at(n) != text).count();
        assert!(changed > 1800, "{changed}");
    }
}
