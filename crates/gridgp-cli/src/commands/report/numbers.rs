//! Numbers as people read them.

/// A number with so many decimals and a real minus.
pub fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let zero = text.trim_matches(['-', '0', '.']).is_empty();
    if zero { text.replace('-', "") } else { text.replace('-', "−") }
}

/// As many decimals as two digits of an uncertainty need.
pub fn decimals(uncertainty: f64) -> Option<usize> {
    if !(uncertainty.is_finite() && uncertainty > 0.0) {
        return None;
    }
    let decimals = 1 - uncertainty.log10().floor() as i32;
    (decimals <= 8).then_some(decimals.max(0) as usize)
}

/// A number that is known to `uncertainty`; four digits where that says nothing.
pub fn known_to(value: f64, uncertainty: f64) -> String {
    match decimals(uncertainty) {
        Some(d) if value.abs() < 1e7 => fixed(value, d),
        _ => four(value),
    }
}

/// Four significant digits.
pub fn four(value: f64) -> String {
    gridgp_plot::number(value)
}

/// A text whose numbers of many digits have four: `log_normal(1.386, 0.7)`.
pub fn shortened(text: &str) -> String {
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let end = rest[start..].find(|c| !is_number(c)).map_or(rest.len(), |n| start + n);
        let (token, in_name) =
            (&rest[start..end], rest[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
        out += &rest[..start];
        match token.parse::<f64>() {
            Ok(v) if token.len() > 7 && !in_name => out += &four(v),
            _ => out += token,
        }
        rest = &rest[end..];
    }
    out + rest
}

/// A count with thin spaces between thousands.
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && digits.len() > 4 {
            out.push('\u{2009}');
        }
        out.push(c);
    }
    out
}

/// Seconds as people say them.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 0.995 => format!("{:.0} ms", 1000.0 * s),
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 100.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_that_are_known() {
        assert_eq!(known_to(23.159_81, 0.151), "23.16");
        assert_eq!(known_to(-0.529_514, 0.0432), "−0.530");
        assert_eq!(known_to(1234.5, 120.0), "1234");
        assert_eq!(known_to(0.5, f64::NAN), "0.5");
        assert_eq!(known_to(-0.001, 1.0), "0.0");
    }

    #[test]
    fn long_numbers_are_shortened() {
        assert_eq!(shortened("log_normal(1.3862943611198906, 0.7)"), "log_normal(1.386, 0.7)");
        assert_eq!(shortened("matern32(a_1) 12"), "matern32(a_1) 12");
    }

    #[test]
    fn counts_and_times() {
        assert_eq!(
            [count(732), count(1500), count(1_203_048)],
            ["732", "1500", "1\u{2009}203\u{2009}048"]
        );
        assert_eq!([duration(0.031), duration(2.345), duration(61.0)], ["31 ms", "2.3 s", "61 s"]);
        assert_eq!([duration(600.0), duration(7200.0)], ["10 min", "2.0 h"]);
    }
}
