//! Numbers as tables write them: decimal points or commas, and words for what is missing.

use gridgp_grid::minus;

use crate::missing::Missing;

/// Text that means that a value is missing, in lower case.
const MISSING: [&str; 10] = ["", "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "-", "."];

pub(super) fn is_missing(text: &str) -> bool {
    text.len() <= 4 && MISSING.contains(&text.to_lowercase().as_str())
}

/// A number, NaN where the text means that it is missing.
pub(super) fn number(text: &str, missing: &Missing) -> Result<f64, String> {
    match loose(text) {
        Some(x) if missing.has(x) => Ok(f64::NAN),
        Some(x) if x.is_infinite() => {
            Err(format!("{text:?} is not finite; leave missing values empty"))
        }
        Some(x) => Ok(x),
        None if is_missing(text) || missing.has_text(text) => Ok(f64::NAN),
        None if minus::hint(text).is_some() => {
            Err(format!("{text:?} is not a number: {}", minus::hint(text).unwrap_or_default()))
        }
        None if is_written_as_number(text) => Err(format!(
            "{text:?} is not a number; write it without separators of thousands, blanks or signs \
             of percent"
        )),
        None => Err(format!(
            "{text:?} is not a number; leave missing values empty, or say what stands for them: \
             data.missing = [{text:?}]"
        )),
    }
}

/// A number with a decimal point, or a decimal comma that [`Marks`] are to confirm.
pub(super) fn loose(text: &str) -> Option<f64> {
    if let Ok(x) = text.parse() {
        return Some(x);
    }
    let (whole, fraction) = text.split_once(',')?;
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let unsigned = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
    let plain = (digits(unsigned) || unsigned.is_empty()) && digits(&fraction[..end]);
    plain.then(|| format!("{whole}.{fraction}").parse().ok())?
}

/// Whether a text is made of what people write numbers with: `1,234.5`, `1 234`, `12 %`.
pub(super) fn is_written_as_number(text: &str) -> bool {
    let sign = |c: char| "+-".contains(c) || minus::is_alike(c);
    let part = |c: char| c.is_ascii_digit() || ".,'’% \u{a0}\u{202f}".contains(c) || sign(c);
    let signs = text.chars().skip(1).filter(|c| sign(*c)).count();
    text.contains(|c: char| c.is_ascii_digit()) && text.chars().all(part) && signs == 0
}

/// Whether the numbers of a column have decimal points or commas.
///
/// `1,234` may be 1.234 or 1234, and `1.234` as well where other numbers have decimal commas; in
/// `0,5` and `12,34` the comma can only be decimal. One number that can be read in one way only
/// tells for a table.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The first number with a comma, and its line.
    comma: Option<(String, u64)>,
    /// The first one with a point.
    point: Option<(String, u64)>,
    sure_comma: bool,
    sure_point: bool,
}

impl Marks {
    /// Notes a text that [`loose`] takes for a number.
    pub(super) fn note(&mut self, text: &str, line: u64) {
        if !self.sure_point && text.contains('.') {
            self.sure_point = !is_thousands(text, '.');
            self.point.get_or_insert_with(|| (text.into(), line));
        }
        if !self.sure_comma && text.contains(',') {
            self.sure_comma = !is_thousands(text, ',');
            self.comma.get_or_insert_with(|| (text.into(), line));
        }
    }

    /// Line and message of a number of the column `k` that `all` columns leave in doubt.
    pub(super) fn doubt(all: &[Self], k: usize) -> Option<(u64, String)> {
        let own = &all[k];
        let commas = all.iter().any(|m| m.sure_comma);
        match (&own.comma, &own.point) {
            (Some((comma, a)), Some((point, b))) => {
                let message = format!(
                    "the column has decimal commas ({comma}) and decimal points ({point}); write \
                     points"
                );
                Some((*a.max(b), message))
            }
            (Some((text, line)), None) if !commas => Some((*line, either(text, ','))),
            (None, Some((text, line))) if commas && !own.sure_point => {
                Some((*line, either(text, '.')))
            }
            _ => None,
        }
    }
}

fn either(text: &str, mark: char) -> String {
    format!(
        "is {text:?} {} or {}? No number of the table tells; write decimals with a point, and no \
         separators of thousands",
        text.replace(mark, "."),
        text.replace(mark, "")
    )
}

/// Whether a mark may separate thousands: three digits after it, one to three before it.
fn is_thousands(text: &str, mark: char) -> bool {
    let Some((whole, fraction)) = text.split_once(mark) else { return false };
    let whole = whole.trim_start_matches(['-', '+']);
    (1..=3).contains(&whole.len()) && !whole.starts_with('0') && fraction.len() == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_commas_and_words() {
        let none = Missing::default();
        for (text, value) in [("-1,5", -1.5), ("0,5", 0.5), (",5", 0.5), ("1,5e3", 1500.0)] {
            assert_eq!(number(text, &none), Ok(value), "{text}");
        }
        for text in ["", "NA", "#N/A", "<NA>", "-", ".", "NaN", "None", "null"] {
            assert!(number(text, &none).unwrap().is_nan(), "{text}");
        }
        for text in ["1,234.5", "1 234", "12 %", "1'234", "1,234,567"] {
            assert!(number(text, &none).unwrap_err().contains("separators of thousands"), "{text}");
        }
        for text in ["\u{2212}5", "\u{2013}0.5", "\u{2212}.5e3"] {
            let message = number(text, &none).unwrap_err();
            assert!(message.contains("not the minus of numbers; write -"), "{message}");
        }
        for text in ["<0.1", "12 mm", "*", "1,a", "--"] {
            assert!(number(text, &none).unwrap_err().contains("data.missing"), "{text}");
        }
    }

    fn doubt(columns: &[&[&str]]) -> Option<String> {
        let mut marks = vec![];
        for column in columns {
            let mut own = Marks::default();
            column.iter().for_each(|text| own.note(text, 2));
            marks.push(own);
        }
        (0..marks.len()).find_map(|k| Marks::doubt(&marks, k)).map(|(_, message)| message)
    }

    #[test]
    fn commas_are_decimal_where_one_number_tells() {
        assert_eq!(doubt(&[&["1,234", "1,5"]]), None);
        assert_eq!(doubt(&[&["1,234"], &["0,123"]]), None);
        assert_eq!(doubt(&[&["1.234", "2"]]), None);
        assert_eq!(doubt(&[&["1.234", "0.5"], &["40,5"]]), None);
        assert!(doubt(&[&["1,234", "999"]]).unwrap().contains("is \"1,234\" 1.234 or 1234?"));
        assert!(doubt(&[&["1.234"], &["40,5"]]).unwrap().contains("is \"1.234\" 1.234 or 1234?"));
        assert!(doubt(&[&["1,5", "1.5"]]).unwrap().contains("decimal commas (1,5) and"));
    }
}
