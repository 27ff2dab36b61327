//! A stated form of dates, `%d/%m/%Y`.

use gridgp_grid::time::Resolution;

use super::{Clock, Parts};

/// How dates are written, in the letters of strftime.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DateFormat {
    text: String,
    items: Vec<Item>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Item {
    /// A part of the date: `Y`, `m` …
    Part(char),
    /// Itself.
    Literal(char),
}

const PARTS: &str = "%Y (2019), %y (19; 69 to 99 are 19..), %m, %d, %b or %B (Mar, March), %j (day \
                     of the year), %H, %M, %S and %% are known";

impl DateFormat {
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let mut items = vec![];
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            items.push(match c {
                '%' => match chars.next() {
                    Some(c) if "YymdbBjHMS".contains(c) => Item::Part(c),
                    Some('%') => Item::Literal('%'),
                    other => {
                        let found = other.map_or(String::new(), String::from);
                        return Err(format!(
                            "format = {text:?}: there is no \"%{found}\"; {PARTS}"
                        ));
                    }
                },
                c => Item::Literal(c),
            });
        }
        let has =
            |parts: &str| items.iter().any(|i| matches!(i, Item::Part(c) if parts.contains(*c)));
        if !has("Yy") {
            return Err(format!("format = {text:?} has no year; {PARTS}"));
        }
        if has("d") && !has("mbB") {
            return Err(format!("format = {text:?} has a day but no month; {PARTS}"));
        }
        Ok(Self { text: text.to_owned(), items })
    }

    /// How much time one of its dates covers.
    pub(crate) fn resolution(&self) -> Resolution {
        let has = |parts: &str| {
            self.items.iter().any(|i| matches!(i, Item::Part(c) if parts.contains(*c)))
        };
        match () {
            () if has("HMS") => Resolution::Instant,
            () if has("dj") => Resolution::Day,
            () if has("mbB") => Resolution::Month,
            () => Resolution::Year,
        }
    }

    /// Number of digits of its dates, where they are made of digits only and have all of them.
    pub(crate) fn digits(&self) -> Option<usize> {
        let width = |item: &Item| match item {
            Item::Part('Y') => Some(4),
            Item::Part('j') => Some(3),
            Item::Part('y' | 'm' | 'd' | 'H' | 'M' | 'S') => Some(2),
            Item::Part(_) => None,
            Item::Literal(c) => c.is_ascii_digit().then_some(1),
        };
        self.items.iter().map(width).sum()
    }

    /// Days since 1970-01-01. Parts that the format does not have are the first: a month begins
    /// with its first day.
    pub(crate) fn days(&self, text: &str) -> Result<f64, String> {
        self.read(text.trim())
            .ok_or_else(|| format!("{text:?} is not a date in the stated format {:?}", self.text))
    }

    fn read(&self, text: &str) -> Option<f64> {
        let (mut year, mut month, mut day, mut in_year) = (None, 1, 1, None);
        let mut clock = super::MIDNIGHT;
        let mut rest = text;
        for item in &self.items {
            match *item {
                Item::Literal(c) => rest = rest.strip_prefix(c)?,
                Item::Part('Y') => {
                    let before = rest.len();
                    year = Some(digits(&mut rest, 4)?);
                    // "19" is not the year 19.
                    if before - rest.len() < 4 {
                        return None;
                    }
                }
                Item::Part('y') => {
                    let two = digits(&mut rest, 2)?;
                    year = Some(two + if two < 69 { 2000 } else { 1900 });
                }
                Item::Part('m') => month = digits(&mut rest, 2)?,
                Item::Part('d') => day = digits(&mut rest, 2)?,
                Item::Part('j') => in_year = Some(digits(&mut rest, 3)?),
                Item::Part('H') => clock.hour = digits(&mut rest, 2)?,
                Item::Part('M') => clock.minute = digits(&mut rest, 2)?,
                Item::Part('S') => {
                    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'));
                    let (second, other) = rest.split_at(end.unwrap_or(rest.len()));
                    (clock, rest) = (Clock { second, ..clock }, other);
                }
                Item::Part(_) => {
                    let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
                    let (word, other) = rest.split_at(end);
                    (month, rest) = (super::written::month(word)?, other);
                }
            }
        }
        let year = year?;
        let first = Parts { year, month, day, clock }.days()?;
        let leap = Parts { year, month: 2, day: 29, clock: super::MIDNIGHT }.days().is_some();
        match in_year {
            _ if !rest.is_empty() => None,
            None => Some(first),
            Some(d) if (1..=365 + i64::from(leap)).contains(&d) => Some(first + (d - 1) as f64),
            Some(_) => None,
        }
    }
}

/// A number of at most `most` digits, as many as there are.
fn digits(rest: &mut &str, most: usize) -> Option<i64> {
    let end = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (number, other) = rest.split_at(end);
    *rest = other;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_a_stated_form() {
        let days = |format: &str, text: &str| DateFormat::new(format).unwrap().days(text).ok();
        for (format, text) in [
            ("%d/%m/%Y", "01/03/2019"),
            ("%d.%m.%y", "1.3.19"),
            ("%Y%m%d", "20190301"),
            ("%Y%m", "201903"),
            ("%Y-%j", "2019-060"),
            ("%d-%b-%Y", "01-Mar-2019"),
            ("%B %Y", "March 2019"),
            ("%Y%m%dT%H%M%S", "20190301T000000"),
        ] {
            assert_eq!(days(format, text), Some(17956.0), "{format} {text}");
        }
        assert_eq!(days("%m/%d/%y %H:%M", "03/01/99 18:00"), Some(10651.75));
        for (format, text) in [
            ("%d/%m/%Y", "01/13/2019"),
            ("%d/%m/%Y", "30/02/2019"),
            ("%d/%m/%Y", "28/02/19"),
            ("%d/%m/%Y", "01/03/2019 06:00"),
            ("%Y-%j", "2019-366"),
            ("%Y%m%d", "2019-03-01"),
            ("%d/%m/%Y", "1/3"),
        ] {
            assert_eq!(days(format, text), None, "{format} {text}");
        }
        assert!(DateFormat::new("%d/%m").unwrap_err().contains("no year"));
        assert!(DateFormat::new("%d/%q/%Y").unwrap_err().contains("no \"%q\""));
        assert!(DateFormat::new("%Y-%d").unwrap_err().contains("no month"));
    }
}
