//! The dates of a column, which together tell what one of them does not.

use super::Parts;
use super::written::{Written, written};

/// What a column of texts says as dates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    /// Days since 1970-01-01 of each text, `None` where it is no date.
    pub days: Vec<Option<f64>>,
    /// The form to state in a model, where the column told the order of day and month.
    pub format: Option<String>,
}

/// Reads the distinct texts of a column; `None` where none is a date.
///
/// In `03/04/2019` the column decides which number is the day: another one of its dates has to
/// have a day above 12.
///
/// # Errors
/// Position and message of a text whose meaning the column does not tell, or that is no day.
pub(crate) fn column(texts: &[&str]) -> Result<Option<Column>, (usize, String)> {
    let read: Vec<Option<Written>> = texts.iter().map(|t| written(t)).collect();
    if read.iter().all(Option::is_none) {
        return Ok(None);
    }
    refuse_mixed(texts, &read)?;
    let order = order(texts, &read)?;
    let mut days = vec![];
    for (i, written) in read.iter().enumerate() {
        let parts = match *written {
            None => {
                days.push(None);
                continue;
            }
            Some(Written::Date(parts) | Written::Month(parts)) => parts,
            Some(Written::Unordered { first, second, year, clock }) => {
                let (day, month) = match order {
                    Some(Order::MonthFirst) => (second, first),
                    _ => (first, second),
                };
                Parts { year, month, day, clock }
            }
        };
        let day = parts.days().ok_or_else(|| (i, format!("there is no day {:?}", texts[i])))?;
        days.push(Some(day));
    }
    Ok(Some(Column { days, format: order.and_then(|order| order.format(texts)) }))
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Order {
    DayFirst,
    MonthFirst,
}

impl Order {
    /// `%d/%m/%Y`, where all texts are written alike and have no time of day.
    fn format(self, texts: &[&str]) -> Option<String> {
        let separator = texts.first()?.chars().find(|c| !c.is_ascii_digit())?;
        let alike = |t: &&str| t.chars().all(|c| c.is_ascii_digit() || c == separator);
        texts.iter().all(alike).then(|| match self {
            Self::DayFirst => format!("%d{separator}%m{separator}%Y"),
            Self::MonthFirst => format!("%m{separator}%d{separator}%Y"),
        })
    }
}

/// Which number is the day where day and month are written before the year.
fn order(texts: &[&str], read: &[Option<Written>]) -> Result<Option<Order>, (usize, String)> {
    let find = |is: fn(i64, i64) -> bool| {
        read.iter().position(
            |w| matches!(w, Some(Written::Unordered { first, second, .. }) if is(*first, *second)),
        )
    };
    let Some(any) = find(|_, _| true) else { return Ok(None) };
    match (find(|first, _| first > 12), find(|_, second| second > 12)) {
        (Some(_), None) => Ok(Some(Order::DayFirst)),
        (None, Some(_)) => Ok(Some(Order::MonthFirst)),
        (Some(day), Some(month)) => Err((
            day.max(month),
            format!(
                "{:?} has the day first and {:?} the month; write dates as 2019-03-31",
                texts[day], texts[month]
            ),
        )),
        (None, None) => Err((
            any,
            format!(
                "is {:?} day and month, or month and day? No date of the column tells; write \
                 2019-03-31, or say it in the model: format = \"%d/%m/%Y\"",
                texts[any]
            ),
        )),
    }
}

/// Refuses months among days, and what may as well be seasons.
fn refuse_mixed(texts: &[&str], read: &[Option<Written>]) -> Result<(), (usize, String)> {
    let month = read.iter().position(|w| matches!(w, Some(Written::Month(_))));
    let Some(month) = month else { return Ok(()) };
    let other = |w: &Option<Written>| matches!(w, Some(w) if !matches!(w, Written::Month(_)));
    if let Some(other) = read.iter().position(other) {
        return Err((
            month.max(other),
            format!(
                "{:?} is a month and {:?} a day; write all dates alike",
                texts[month], texts[other]
            ),
        ));
    }
    let season = |w: &Option<Written>| matches!(w, Some(Written::Month(p)) if p.month == (p.year + 1).rem_euclid(100));
    if texts.len() > 1 && read.iter().all(season) {
        return Err((
            0,
            format!(
                "is {:?} a month or a season of two years? Months are read as 2001-02-01; write \
                 seasons as the number of their first year",
                texts[0]
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Column {
        column(texts).unwrap().unwrap()
    }

    fn refused(texts: &[&str], at: usize, words: &str) {
        let (i, message) = column(texts).unwrap_err();
        assert!(i == at && message.contains(words), "{i} {message}");
    }

    #[test]
    fn the_column_tells_the_order_of_day_and_month() {
        let german = read(&["01.03.2019", "02.03.2019", "13.03.2019"]);
        assert_eq!(german.days, [17956.0, 17957.0, 17968.0].map(Some));
        assert_eq!(german.format.as_deref(), Some("%d.%m.%Y"));
        let american = read(&["3/1/2019", "3/13/2019"]);
        assert_eq!(american.days, [17956.0, 17968.0].map(Some));
        assert_eq!(american.format.as_deref(), Some("%m/%d/%Y"));
        assert_eq!(read(&["3/13/2019 06:00", "03-01-2019"]).format, None);
        refused(&["01/02/2019", "02/02/2019"], 0, "day and month, or month and day?");
        refused(&["13/02/2019", "02/13/2019"], 1, "has the day first");
        refused(&["13/02/2019", "31/04/2019"], 1, "no day");
    }

    #[test]
    fn months_are_not_mixed_with_days_nor_taken_for_seasons() {
        assert_eq!(read(&["2019-03", "2019-04"]).days, [17956.0, 17987.0].map(Some));
        refused(&["2019-03", "2019-04-01"], 1, "a month");
        refused(&["2001-02", "2002-03"], 0, "season");
        assert_eq!(column(&["a", "7"]).unwrap(), None);
        assert_eq!(read(&["2019-03-01", "a"]).days, [Some(17956.0), None]);
    }
}
