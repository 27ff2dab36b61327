//! Signs that look like a minus.

/// A true minus, dashes and hyphens, none of which programs read as the minus of a number.
const LIKE_MINUS: [char; 7] =
    ['\u{2212}', '\u{2013}', '\u{2014}', '\u{2010}', '\u{2011}', '\u{fe63}', '\u{ff0d}'];

/// Whether a character looks like the minus `-` and is another.
///
/// ```
/// use gridgp_grid::minus;
///
/// assert!(minus::is_alike('−') && minus::is_alike('–') && !minus::is_alike('-'));
/// assert!(minus::hint("normal(−5, 3)").unwrap().contains("U+2212"));
/// assert_eq!(minus::hint("10–14"), None);
/// ```
#[must_use]
pub fn is_alike(c: char) -> bool {
    LIKE_MINUS.contains(&c)
}

/// What to write where such a character stands in front of a number: the sentence for a message.
#[must_use]
pub fn hint(text: &str) -> Option<String> {
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let starts = chars.peek().is_some_and(|next| next.is_ascii_digit() || *next == '.');
        if is_alike(c) && starts && !before.is_alphanumeric() {
            return Some(about(c));
        }
        before = c;
    }
    None
}

/// What to write in place of one of them.
#[must_use]
pub fn about(c: char) -> String {
    format!("{c:?} is U+{:04X}, not the minus of numbers; write -", u32::from(c))
}
