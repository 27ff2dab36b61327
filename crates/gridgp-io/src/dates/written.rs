//! One date as text, without being told its form.

use super::{Clock, MIDNIGHT, Parts};

/// What a text says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Written<'a> {
    /// One day or instant.
    Date(Parts<'a>),
    /// A month or a quarter, whose first day stands for it.
    Month(Parts<'a>),
    /// Day and month in an order that it does not tell, and a year.
    Unordered { first: i64, second: i64, year: i64, clock: Clock<'a> },
}

/// Reads a date with a year of four digits: `2019-03-01` (also with `/` or `.`), `2019-03`,
/// `03/2019`, `1 Mar 2019`, `March 1, 2019`, `Mar 2019`, `2019Q1`, `01.03.2019`; most with a time
/// of day after `T`, a blank or `_`, and an offset from UTC.
pub(super) fn written(text: &str) -> Option<Written<'_>> {
    let (date, clock) = match split(text)? {
        (date, None) => (date, None),
        (date, Some(clock)) => (date, Some(self::clock(clock)?)),
    };
    let tokens = tokens(date)?;
    let parts = |year: &str, month: i64, day: &str| {
        let clock = clock.unwrap_or(MIDNIGHT);
        Some(Written::Date(Parts { year: four(year)?, month, day: two(day)?, clock }))
    };
    let whole_month = |year: &str, month: i64| {
        let parts = Parts { year: four(year)?, month, day: 1, clock: MIDNIGHT };
        ((1..=12).contains(&month) && clock.is_none()).then_some(Written::Month(parts))
    };
    use Token::{Number as N, Word as W};
    match (tokens.list.as_slice(), tokens.separators.as_str()) {
        ([N(y), N(m), N(d)], "--" | "//" | "..") if y.len() == 4 => parts(y, two(m)?, d),
        ([N(a), N(b), N(y)], "--" | "//" | "..") if y.len() == 4 => {
            let (first, second) = day_and_month(a, b)?;
            let clock = clock.unwrap_or(MIDNIGHT);
            Some(Written::Unordered { first, second, year: four(y)?, clock })
        }
        // Only with a time of day: alone it is a number.
        ([N(all)], "") if all.len() == 8 && clock.is_some() => {
            parts(&all[..4], two(&all[4..6])?, &all[6..])
        }
        ([N(y), N(m)], "-" | "/") if y.len() == 4 => whole_month(y, two(m)?),
        ([N(m), N(y)], "-" | "/") if y.len() == 4 => whole_month(y, two(m)?),
        ([N(y), W("Q"), N(q)] | [W("Q"), N(q), N(y)], _) if y.len() == 4 => {
            whole_month(y, 3 * two(q)? - 2)
        }
        ([N(d), W(m), N(y)] | [N(y), W(m), N(d)] | [W(m), N(d), N(y)], _) if y.len() == 4 => {
            parts(y, month(m)?, d)
        }
        ([W(m), N(y)] | [N(y), W(m)], _) if y.len() == 4 => whole_month(y, month(m)?),
        _ => None,
    }
}

/// Whether a date has a time of day.
pub(super) fn has_clock(text: &str) -> bool {
    split(text).is_some_and(|(_, clock)| clock.is_some())
}

/// Whether a text has the look of a date or time of day, read or not: three numbers of which one
/// can be a year and the others a day and a month, a year with a word, or `06:30`.
pub(crate) fn looks_like(text: &str) -> bool {
    if written(text).is_some() {
        return true;
    }
    let date = match split(text) {
        None => return false,
        Some(("", Some(time))) => {
            return clock(time).is_some() && time.split(':').nth(1).is_some_and(|m| m.len() == 2);
        }
        Some((date, _)) => date,
    };
    let Some(tokens) = tokens(date) else { return false };
    let year = |t: &str| t.len() == 4 || t.len() == 2;
    match tokens.list.as_slice() {
        [Token::Number(a), Token::Number(b), Token::Number(c)] if tokens.separators.len() == 2 => {
            year(c) && day_and_month(a, b).is_some() || year(a) && day_and_month(b, c).is_some()
        }
        [Token::Number(y), Token::Word("W"), Token::Number(week), ..] => {
            y.len() == 4 && two(week).is_some()
        }
        [Token::Number(a), Token::Word(w), Token::Number(c)] => {
            let named = month(w).is_some() || a.len() == 4 || c.len() == 4;
            named && w.len() >= 3 && (year(c) && two(a).is_some() || year(a) && two(c).is_some())
        }
        [Token::Word(w), Token::Number(y)] | [Token::Number(y), Token::Word(w)] => {
            month(w).is_some() && year(y)
        }
        _ => false,
    }
}

/// The month with an English name, whole or its beginning: 1 for January.
pub(super) fn month(name: &str) -> Option<i64> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let name = name.to_lowercase();
    let is_it = |whole: &&str| {
        whole.starts_with(&name) && (name.len() == 3 || name.len() == whole.len() || name == "sept")
    };
    Some(NAMES.iter().position(is_it)? as i64 + 1)
}

/// The date, and the time of day if there is one.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    let is_digit = |c: char| c.is_ascii_digit();
    if let Some(colon) = text.find(':') {
        let hour = text[..colon].trim_end_matches(is_digit).len();
        let date = text[..hour].trim_end();
        let date = date.strip_suffix(['T', 't', '_', ',']).unwrap_or(date).trim_end();
        return (hour < colon).then_some((date, Some(&text[hour..])));
    }
    match text.split_once('T') {
        Some((date, time)) if date.ends_with(is_digit) && time.starts_with(is_digit) => {
            Some((date, Some(time)))
        }
        _ => Some((text, None)),
    }
}

/// `06:30`, `06:30:15.5`, `0630`, `063015`, `06`, `6:30 PM`; then `Z`, `UTC`, `GMT` or `+02:00`.
fn clock(text: &str) -> Option<Clock<'_>> {
    let mut text = text.trim();
    let mut offset = 0;
    if let Some(rest) = ["Z", "z", "UTC", "GMT"].iter().find_map(|zone| text.strip_suffix(zone)) {
        text = rest.trim_end();
    } else if let Some(at) = text.find(['+', '-', '\u{2212}']) {
        let ahead = &text[at..];
        let sign = if ahead.starts_with('+') { 1 } else { -1 };
        let ahead = ahead.trim_start_matches(['+', '-', '\u{2212}']);
        let (hours, minutes) = match ahead.split_once(':') {
            Some(parts) => parts,
            None if ahead.len() == 4 && ahead.is_ascii() => ahead.split_at(2),
            None => (ahead, "0"),
        };
        let (hours, minutes) = (two(hours)?, two(minutes)?);
        (offset, text) = (sign * (60 * hours + minutes), text[..at].trim_end());
        if hours > 15 || minutes > 59 {
            return None;
        }
    }
    let upper = text.to_uppercase();
    let half = if upper.ends_with("AM") {
        Some(0)
    } else if upper.ends_with("PM") {
        Some(12)
    } else {
        None
    };
    if half.is_some() {
        text = text.get(..text.len() - 2)?.trim_end();
    }
    let (hour, minute, second) = match text.split(':').collect::<Vec<_>>().as_slice() {
        [h, m] => (two(h)?, two(m)?, "0"),
        [h, m, s] => (two(h)?, two(m)?, *s),
        [all] if matches!(all.len(), 2 | 4 | 6) && all.bytes().all(|b| b.is_ascii_digit()) => {
            (two(&all[..2])?, two(all.get(2..4).unwrap_or("0"))?, all.get(4..6).unwrap_or("0"))
        }
        _ => return None,
    };
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    let value: f64 =
        second.parse().ok().filter(|_| second.starts_with(|c: char| c.is_ascii_digit()))?;
    (hour < 24 && minute < 60 && value < 60.0).then_some(Clock { hour, minute, second, offset })
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    Number(&'a str),
    Word(&'a str),
}

struct Tokens<'a> {
    list: Vec<Token<'a>>,
    separators: String,
}

/// Numbers and words, without a weekday in front; `None` for other things than dates are made of.
fn tokens(text: &str) -> Option<Tokens<'_>> {
    let (mut list, mut separators) = (vec![], String::new());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let end = |same: fn(char) -> bool| rest.find(|c| !same(c)).unwrap_or(rest.len());
        let (token, other) = if c.is_ascii_digit() {
            rest.split_at(end(|c| c.is_ascii_digit()))
        } else if c.is_alphabetic() {
            rest.split_at(end(char::is_alphabetic))
        } else {
            rest.split_at(c.len_utf8())
        };
        rest = other;
        match c {
            _ if c.is_ascii_digit() => list.push(Token::Number(token)),
            _ if c.is_alphabetic() => {
                let weekday = list.is_empty() && is_weekday(token);
                if weekday {
                    rest = rest.trim_start_matches([',', ' ']);
                } else {
                    list.push(Token::Word(token));
                }
            }
            '-' | '/' | '.' | ' ' | ',' if !list.is_empty() => separators.push(c),
            _ => return None,
        }
        if list.len() > 4 {
            return None;
        }
    }
    Some(Tokens { list, separators })
}

fn is_weekday(word: &str) -> bool {
    const NAMES: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let word = word.to_lowercase();
    NAMES.iter().any(|n| n.starts_with(&word) && (word.len() == 3 || word.len() == n.len()))
}

/// Two numbers of which one can be a day and the other a month.
fn day_and_month(a: &str, b: &str) -> Option<(i64, i64)> {
    let (a, b) = (two(a)?, two(b)?);
    ((1..=31).contains(&a.max(b)) && (1..=12).contains(&a.min(b))).then_some((a, b))
}

/// A year of four digits.
fn four(text: &str) -> Option<i64> {
    (text.len() == 4).then(|| text.parse().ok())?
}

/// A number of one or two digits.
fn two(text: &str) -> Option<i64> {
    let plain = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days since 1970 of a text that means one day.
    fn days(text: &str) -> Option<f64> {
        match written(text)? {
            Written::Date(parts) | Written::Month(parts) => parts.days(),
            Written::Unordered { .. } => None,
        }
    }

    #[test]
    fn one_day_in_many_forms() {
        for text in [
            "2019-03-01",
            "2019/3/1",
            "2019.03.01",
            "1 Mar 2019",
            "01-Mar-2019",
            "1. March 2019",
            "2019-Mar-01",
            "Mar 1, 2019",
            "Friday, 01 Mar 2019",
            "2019-03",
            "03/2019",
            "Mar 2019",
            "2019-03-01 00:00:00+00:00",
            "2019-03-01T00:00Z",
            "2019-03-01_00:00:00",
            "20190301T000000Z",
            "2019-03-01T00",
            "2019-03-01 12:00 AM",
            "2019-03-01T02:00+02:00",
            "2019-02-28 19:00:00-0500",
            "2019-02-28T18:30:00.0 -05:30",
        ] {
            assert_eq!(days(text), Some(17956.0), "{text}");
        }
        assert_eq!(days("2019Q2"), Some(17987.0));
        assert_eq!(days("Q2 2019"), days("2019-Q2"));
        assert_eq!(days("2019-03-01 5:30 PM"), Some(17956.0 + 17.5 / 24.0));
        assert_eq!(days("2019-03-01T06:00:00.250000Z"), Some(17956.0 + 21600.25 / 86400.0));
        // An instant is one number, whatever clock it was read from.
        assert_eq!(days("2019-03-28 00:20:00+01:00"), days("2019-03-27T23:20:00"));
    }

    #[test]
    fn what_is_no_single_day() {
        for text in
            ["2019-02-30", "2019-13-01", "2019-03-01T24:30", "2019-03-01T10:70", "1900-02-29"]
        {
            assert_eq!(days(text), None, "{text}");
        }
        for text in ["01.03.2019", "3/1/2019", "03-01-2019 06:00"] {
            assert!(matches!(written(text), Some(Written::Unordered { .. })), "{text}");
        }
        for text in
            ["", "a", "12", "2019", "10-14", "1.2.3", "A-12-3", "2019-20", "12-34-56-78", "7b"]
        {
            assert_eq!(written(text), None, "{text}");
            assert!(!looks_like(text), "{text}");
        }
        for text in
            ["03/04/19", "19-03-28", "06:30", "2019-W05", "1. Mär 2019", "5-Jan-20", "Jan-20"]
        {
            assert_eq!(written(text), None, "{text}");
            assert!(looks_like(text), "{text}");
        }
    }
}
