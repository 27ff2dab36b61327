//! Whether a column of coordinates holds numbers, dates or labels.

use std::collections::HashMap;

use gridgp_grid::minus;

use super::number::{is_missing, is_written_as_number, loose};
use crate::dates::{self, DateFormat};

/// How to read a column of coordinates.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Reading<'a> {
    /// As what its values look like.
    #[default]
    Guess,
    /// As that, of a column that only chooses rows: a doubt is a label.
    Select,
    /// As names.
    Labels,
    /// As numbers or dates.
    NotLabels,
    /// As dates in a stated form.
    Dates(&'a DateFormat),
}

/// What the distinct texts of a column are.
#[derive(Debug, PartialEq)]
pub(super) enum Content {
    Numbers(Vec<f64>),
    /// Days since 1970-01-01, and the form of the dates where the column told it.
    Dates(Vec<f64>, Option<String>),
    Labels,
}

/// Position and message of a text that leaves in doubt what the column is.
pub(super) type Doubt = (usize, String);

const IF_NAMES: &str = "if these are names, say so in the model: labels = true for the axis";

/// Decides by the distinct texts of the column called `name`.
pub(super) fn content(name: &str, texts: &[&str], reading: Reading) -> Result<Content, Doubt> {
    let decided = match reading {
        Reading::Labels => return Ok(Content::Labels),
        Reading::Dates(format) => {
            let day = |(i, text): (usize, &&str)| format.days(text).map_err(|e| (i, e));
            let days = texts.iter().enumerate().map(day).collect::<Result<_, Doubt>>()?;
            return Ok(Content::Dates(days, None));
        }
        _ => by_look(name, texts, matches!(reading, Reading::NotLabels)),
    };
    match decided {
        Err(_) if matches!(reading, Reading::Select) => Ok(Content::Labels),
        other => other,
    }
}

fn by_look(name: &str, texts: &[&str], not_labels: bool) -> Result<Content, Doubt> {
    let numbers: Vec<Option<f64>> =
        texts.iter().map(|t| loose(t).filter(|x| x.is_finite())).collect();
    let good = numbers.iter().flatten().count();
    let is_blank = |t: &str| is_missing(t) || loose(t).is_some_and(f64::is_infinite);
    let blank = texts.iter().filter(|t| is_blank(t)).count();
    let filled = texts.len() - blank;
    if good < filled {
        let like_dates = texts.iter().filter(|t| dates::looks_like(t)).count();
        if 2 * like_dates > filled {
            return as_dates(texts, is_blank);
        }
    }
    let first = |is: &dyn Fn(usize) -> bool| (0..texts.len()).find(|&i| is(i));
    // Labels may contain a few things that look like numbers, "7" among "7b" and "main"; a column
    // of numbers with slips in it must not silently become labels.
    if 2 * good <= filled {
        let odd = first(&|i| numbers[i].is_none() && is_written_as_number(texts[i]));
        let all = texts.iter().all(|t| is_blank(t) || is_written_as_number(t));
        return match (odd, first(&|i| numbers[i].is_none() && !is_blank(texts[i]))) {
            (_, Some(i)) if not_labels => {
                let hint = minus::hint(texts[i]).map_or(String::new(), |hint| format!("; {hint}"));
                Err((i, format!("{:?} is neither a number nor a date{hint}", texts[i])))
            }
            (Some(i), _) if all && minus::hint(texts[i]).is_some() => {
                let hint = minus::hint(texts[i]).unwrap_or_default();
                Err((i, format!("{:?} is not a number: {hint}; {IF_NAMES}", texts[i])))
            }
            (Some(i), _) if all => Err((
                i,
                format!(
                    "{:?} is not a number; write it without separators of thousands, blanks or \
                     signs of percent; {IF_NAMES}",
                    texts[i]
                ),
            )),
            _ => labels(texts),
        };
    }
    if let Some(i) = first(&|i| numbers[i].is_none()) {
        let message = if is_blank(texts[i]) {
            format!("the coordinate is {:?}; coordinates must be finite numbers", texts[i])
        } else if let Some(hint) = minus::hint(texts[i]) {
            format!("{:?} is not a number: {hint}", texts[i])
        } else {
            format!(
                "{:?} is not a number, but {good} of the {} distinct values are; correct it, or \
                 {IF_NAMES}",
                texts[i],
                texts.len()
            )
        };
        return Err((i, message));
    }
    let numbers: Vec<f64> = numbers.into_iter().flatten().collect();
    if !not_labels {
        if has_leading_zeros(texts) && !counts_time(name) {
            return Ok(Content::Labels);
        }
        refuse_same(texts, &numbers)?;
    }
    Ok(Content::Numbers(numbers))
}

/// A column most of whose texts look like dates.
fn as_dates(texts: &[&str], is_blank: impl Fn(&str) -> bool) -> Result<Content, Doubt> {
    let column = dates::column(texts)?;
    let (days, format) = column.map_or((vec![None; texts.len()], None), |c| (c.days, c.format));
    match days.iter().position(Option::is_none) {
        None => Ok(Content::Dates(days.into_iter().flatten().collect(), format)),
        Some(i) if is_blank(texts[i]) => {
            Err((i, format!("the coordinate is {:?}; every row needs a date", texts[i])))
        }
        Some(i) => Err((
            i,
            format!(
                "{:?} is not a date in a form that is known; write 2019-03-31 or \
                 2019-03-31T06:30, or say in the model how dates are written, such as \
                 format = \"%d.%m.%y\"; {IF_NAMES}",
                texts[i]
            ),
        )),
    }
}

/// Labels, among which a word for a missing value is one only if it can be: NA is Namibia, and
/// North America, among codes of two capital letters.
fn labels(texts: &[&str]) -> Result<Content, Doubt> {
    let is_code = |t: &&str| t.len() == 2 && t.bytes().all(|b| b.is_ascii_uppercase());
    let codes = texts.iter().all(is_code);
    match texts.iter().position(|t| is_missing(t) && !(codes && *t == "NA")) {
        None => Ok(Content::Labels),
        Some(i) => Err((i, format!("is {:?} a name, or missing? {IF_NAMES}", texts[i]))),
    }
}

/// Whether whole numbers have zeros in front, `00123`, as only names have.
fn has_leading_zeros(texts: &[&str]) -> bool {
    texts.iter().all(|t| t.bytes().all(|b| b.is_ascii_digit()))
        && texts.iter().any(|t| t.len() > 1 && t.starts_with('0'))
}

/// Whether a column counts parts of dates, which are numbers with zeros in front as well.
fn counts_time(name: &str) -> bool {
    const NAMES: [&str; 16] = [
        "year",
        "quarter",
        "month",
        "mon",
        "mm",
        "week",
        "day",
        "dd",
        "doy",
        "dayofyear",
        "day_of_year",
        "yday",
        "hour",
        "hh",
        "minute",
        "second",
    ];
    NAMES.contains(&name.to_lowercase().as_str())
}

/// Refuses `1E1` beside `10`, which are one number and may be two names.
fn refuse_same(texts: &[&str], numbers: &[f64]) -> Result<(), Doubt> {
    let has_exponent = |t: &str| t.contains(['e', 'E']);
    if !texts.iter().any(|t| has_exponent(t)) {
        return Ok(());
    }
    let mut seen: HashMap<u64, &str> = HashMap::new();
    for (i, (text, x)) in texts.iter().zip(numbers).enumerate() {
        let other = *seen.entry((x + 0.0).to_bits()).or_insert(text);
        if has_exponent(other) != has_exponent(text) {
            return Err((i, format!("{other:?} and {text:?} are the same number; {IF_NAMES}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(texts: &[&str]) -> Result<Content, Doubt> {
        content("x", texts, Reading::Guess)
    }

    fn doubt(texts: &[&str]) -> String {
        guess(texts).unwrap_err().1
    }

    #[test]
    fn numbers_dates_and_labels() {
        assert_eq!(guess(&["1", "2.5", "-3"]).unwrap(), Content::Numbers(vec![1.0, 2.5, -3.0]));
        assert_eq!(guess(&["40,5", "41"]).unwrap(), Content::Numbers(vec![40.5, 41.0]));
        assert_eq!(guess(&["2019-03-01"]).unwrap(), Content::Dates(vec![17956.0], None));
        for labels in [&["a", "b"][..], &["7", "7b", "main"], &["10-14", "15-19"], &["F1", "1E1"]] {
            assert_eq!(guess(labels).unwrap(), Content::Labels, "{labels:?}");
        }
    }

    #[test]
    fn what_is_not_understood_does_not_become_labels() {
        for dates in [
            &["03/04/19", "28/04/19"][..],
            &["2019-W05", "2019-W06"],
            &["06:30", "07:30"],
            &["2019-03-01", "2019-03-02", "soon"],
            &["1. Mär 2019", "2. Mär 2019"],
        ] {
            assert!(doubt(dates).contains("not a date in a form that is known"), "{dates:?}");
        }
        assert!(doubt(&["01/02/2019", "02/02/2019"]).contains("day and month, or"));
        assert!(doubt(&["1", "2", "l3"]).contains("\"l3\" is not a number, but 2 of the 3"));
        assert!(doubt(&["1,234.5", "1,235.5"]).contains("separators of thousands"));
        assert!(doubt(&["2019-03-01", "2019-03-02", "NA"]).contains("needs a date"));
        let doubtful = ["03/04/19", "28/04/19"];
        assert_eq!(content("x", &doubtful, Reading::Labels).unwrap(), Content::Labels);
        assert_eq!(content("x", &doubtful, Reading::Select).unwrap(), Content::Labels);
        let format = DateFormat::new("%d/%m/%y").unwrap();
        let days = content("x", &doubtful, Reading::Dates(&format)).unwrap();
        assert_eq!(days, Content::Dates(vec![17989.0, 18014.0], None));
    }

    #[test]
    fn names_that_look_like_numbers_or_gaps() {
        assert_eq!(guess(&["00123", "10045"]).unwrap(), Content::Labels);
        assert_eq!(guess(&["01", "02", "12"]).unwrap(), Content::Labels);
        let months = content("Month", &["01", "02", "12"], Reading::Guess).unwrap();
        assert_eq!(months, Content::Numbers(vec![1.0, 2.0, 12.0]));
        let numbers = content("id", &["00123", "10045"], Reading::NotLabels).unwrap();
        assert_eq!(numbers, Content::Numbers(vec![123.0, 10045.0]));
        assert!(doubt(&["1E1", "10"]).contains("labels = true"));
        assert_eq!(guess(&["1e1", "1e-1"]).unwrap(), Content::Numbers(vec![10.0, 0.1]));
        assert_eq!(guess(&["DE", "NA", "PT"]).unwrap(), Content::Labels);
        assert!(doubt(&["Porto", "NA"]).contains("is \"NA\" a name, or missing?"));
        assert!(doubt(&["Porto", "-"]).contains("labels = true"));
        for minus in [&["\u{2212}5", "0", "5"][..], &["\u{2013}5", "\u{2013}3"], &["\u{2212}5"]] {
            assert!(doubt(minus).contains("not the minus of numbers; write -"), "{minus:?}");
            let (_, message) = content("x", minus, Reading::NotLabels).unwrap_err();
            assert!(message.contains("write -"), "{message}");
        }
        assert_eq!(guess(&["10\u{2013}14", "15\u{2013}19"]).unwrap(), Content::Labels);
        assert!(content("x", &["a"], Reading::NotLabels).unwrap_err().1.contains("neither"));
    }
}
