//! Where an axis has its marks, and what stands beside them.

use gridgp_grid::{Date, TimeUnits};

/// A mark on an axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub at: f64,
    pub label: String,
}

/// What the numbers of an axis are.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Numbers.
    Number,
    /// Positive numbers, by their logarithm.
    Log,
    /// Times.
    Date(TimeUnits),
    /// Degrees east.
    Longitude,
    /// Degrees north.
    Latitude,
    /// Names; name i stands at i.
    Labels(Vec<String>),
}

impl Kind {
    /// About `most` marks between `low` and `high`, never more than about twice that.
    pub(crate) fn ticks(&self, low: f64, high: f64, most: usize) -> Vec<Tick> {
        let most = most.max(2);
        match self {
            Self::Number => numbers(low, high, most),
            Self::Log => powers(low, high, most),
            Self::Date(units) => dates(units, low, high, most),
            Self::Longitude => angles(low, high, most, ["°E", "°W"]),
            Self::Latitude => angles(low, high, most, ["°N", "°S"]),
            Self::Labels(names) => labels(names, low, high, most),
        }
    }

    /// What the marks leave open: the year, where they are days.
    pub(crate) fn remark(&self, low: f64, high: f64) -> Option<String> {
        let Self::Date(units) = self else { return None };
        let (a, b) = (units.decode(low)?, units.decode(high)?);
        let days = high_minus_low_in_days(units, low, high)?;
        if days > 400.0 {
            return None;
        }
        Some(if days < 1.0 && (a.year(), a.month(), a.day()) == (b.year(), b.month(), b.day()) {
            format!("{} {}", short_day(&a), a.year())
        } else if a.year() == b.year() {
            a.year().to_string()
        } else {
            format!("{}–{}", a.year(), b.year())
        })
    }

    /// One value as text.
    pub(crate) fn show(&self, value: f64) -> String {
        match self {
            Self::Date(units) => {
                units.decode(value).map_or_else(|| number(value), |d| d.to_string())
            }
            Self::Longitude => angle(wrapped(value), decimals(value), ["°E", "°W"]),
            Self::Latitude => angle(value, decimals(value), ["°N", "°S"]),
            Self::Labels(names) => names.get(value as usize).cloned().unwrap_or_default(),
            Self::Number | Self::Log => number(value),
        }
    }
}

/// A step of 1, 2 or 5 times a power of ten that leaves at most `most` steps.
fn step(span: f64, most: usize) -> f64 {
    let rough = span / most as f64;
    let power = 10f64.powf(rough.log10().floor());
    let share = rough / power;
    power * [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| share <= m * (1.0 + 1e-9)).unwrap_or(10.0)
}

/// The multiples of `step` from `low` to `high`.
fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
    if !(first.is_finite() && last.is_finite()) || last - first > 1000.0 {
        return vec![];
    }
    (0..=(last - first).max(-1.0) as i64).map(|i| (first + i as f64) * step).collect()
}

fn numbers(low: f64, high: f64, most: usize) -> Vec<Tick> {
    let span = high - low;
    if !(span.is_finite() && span > 0.0) {
        return vec![Tick { at: low, label: number(low) }];
    }
    // Two marks at least, also where that is one more than was asked for.
    let finer = (most..most + 8).map(|most| step(span, most));
    let found = finer.map(|step| (step, multiples(low, high, step))).find(|(_, at)| at.len() >= 2);
    let (step, at) = found.unwrap_or((span, vec![]));
    if at.len() < 2 || span < 1e-12 * low.abs().max(high.abs()) {
        return [low, high].map(|at| Tick { at, label: number(at) }).to_vec();
    }
    let largest = at.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let power = step.log10().floor() as i32 + i32::from(step.log10().fract() > 0.9999);
    let label = |v: f64| {
        if !(1e-4..1e6).contains(&largest) {
            let top = largest.log10().floor() as i32;
            scientific(v, top, (top - power).clamp(0, 15) as usize)
        } else {
            fixed(v, (-power).clamp(0, 12) as usize)
        }
    };
    at.into_iter().map(|at| Tick { at, label: label(at) }).collect()
}

/// A number with so many decimals, and a minus as wide as a plus.
fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let zero = text.trim_matches(['-', '0', '.']).is_empty();
    if zero { "0".into() } else { text.replace('-', "−") }
}

/// m × 10ⁿ.
fn scientific(value: f64, power: i32, decimals: usize) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let mantissa = fixed(value / 10f64.powi(power), decimals);
    format!("{mantissa}×10{}", superscript(power))
}

/// A number raised.
pub(crate) fn superscript(n: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raise = |c: char| match c.to_digit(10) {
        Some(d) => DIGITS[d as usize],
        None => '⁻',
    };
    n.to_string().chars().map(raise).collect()
}

/// A number by itself, with four significant digits: `0.5295`, `1.204×10⁷`, `–` for what is not
/// finite.
pub fn number(value: f64) -> String {
    significant(value, 4)
}

/// A number by itself, with so many significant digits at most.
pub(crate) fn significant(value: f64, digits: i32) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    if value == 0.0 {
        return "0".into();
    }
    let power = value.abs().log10().floor() as i32;
    let trim = |text: String| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text
        }
    };
    if !(-4..6).contains(&power) {
        let decimals = (digits - 1) as usize;
        let mantissa = trim(format!("{:.decimals$}", value / 10f64.powi(power)));
        let mantissa = mantissa.replace('-', "−");
        return format!("{mantissa}×10{}", superscript(power));
    }
    trim(format!("{value:.*}", (digits - 1 - power).max(0) as usize)).replace('-', "−")
}

fn powers(low: f64, high: f64, most: usize) -> Vec<Tick> {
    if !(low > 0.0 && high > low) {
        return numbers(low, high, most);
    }
    let decades = high.log10() - low.log10();
    let multiples: &[f64] = if decades * 3.0 <= most as f64 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let every = (decades / most as f64).ceil().max(1.0) as i32;
    let mut ticks = Vec::new();
    for power in (low.log10().floor() as i32)..=(high.log10().ceil() as i32) {
        for m in multiples {
            let at = m * 10f64.powi(power);
            let inside = at >= low * (1.0 - 1e-9) && at <= high * (1.0 + 1e-9);
            if inside && power.rem_euclid(every) == 0 {
                let plain = (-3..=4).contains(&power);
                let label = if plain { number(at) } else { format!("10{}", superscript(power)) };
                ticks.push(Tick { at, label });
            }
        }
    }
    if ticks.len() < 2 { numbers(low, high, most) } else { ticks }
}

/// A longitude from −180 (not included) to 180.
pub(crate) fn wrapped(lon: f64) -> f64 {
    let turned = lon - 360.0 * ((lon - 180.0) / 360.0).ceil();
    if turned == 0.0 { 0.0 } else { turned }
}

fn decimals(value: f64) -> usize {
    (0..4).find(|&d| (value * 10f64.powi(d)).fract().abs() < 1e-6).unwrap_or(4) as usize
}

fn angle(value: f64, decimals: usize, signs: [&str; 2]) -> String {
    let size = format!("{:.decimals$}", value.abs());
    if size.trim_matches(['0', '.']).is_empty() {
        return "0°".into();
    }
    // 180° is neither east nor west.
    if signs[0] == "°E" && (value.abs() - 180.0).abs() < 1e-9 {
        return "180°".into();
    }
    format!("{size}{}", if value > 0.0 { signs[0] } else { signs[1] })
}

fn angles(low: f64, high: f64, most: usize, signs: [&str; 2]) -> Vec<Tick> {
    let span = high - low;
    let is_longitude = signs[0] == "°E";
    let name = |v: f64, d: usize| angle(if is_longitude { wrapped(v) } else { v }, d, signs);
    if !(span.is_finite() && span > 0.0) {
        return vec![Tick { at: low, label: name(low, decimals(low)) }];
    }
    const STEPS: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0];
    let step = if span / (most as f64) <= 0.5 {
        step(span, most)
    } else {
        STEPS.into_iter().find(|s| span / s <= most as f64).unwrap_or(90.0)
    };
    let d = (-(step.log10() + 1e-9).floor()).clamp(0.0, 6.0) as usize;
    let ticks = multiples(low, high, step);
    ticks.into_iter().map(|at| Tick { at, label: name(at, d) }).collect()
}

fn labels(names: &[String], low: f64, high: f64, most: usize) -> Vec<Tick> {
    let inside = |i: &usize| (*i as f64) >= low && (*i as f64) <= high;
    let shown: Vec<usize> = (0..names.len()).filter(inside).collect();
    let every = shown.len().div_ceil(most).max(1);
    let tick = |&i: &usize| Tick { at: i as f64, label: names[i].clone() };
    shown.iter().step_by(every).map(tick).collect()
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn short_day(date: &Date) -> String {
    format!("{} {}", date.day(), MONTHS[(date.month() - 1).clamp(0, 11) as usize])
}

fn high_minus_low_in_days(units: &TimeUnits, low: f64, high: f64) -> Option<f64> {
    let day = units.encode(Date::new(2000, 1, 2))? - units.encode(Date::new(2000, 1, 1))?;
    Some((high - low) / day)
}

fn dates(units: &TimeUnits, low: f64, high: f64, most: usize) -> Vec<Tick> {
    calendar(units, low, high, most).unwrap_or_else(|| numbers(low, high, most))
}

/// Marks at the beginnings of years, months, days, hours or minutes.
fn calendar(units: &TimeUnits, low: f64, high: f64, most: usize) -> Option<Vec<Tick>> {
    let (first, last) = (units.decode(low)?, units.decode(high)?);
    let days = high_minus_low_in_days(units, low, high)?;
    let day = (high - low) / days;
    let limit = most as f64;
    if days.is_nan() || days <= 0.0 {
        return Some(vec![Tick { at: low, label: first.to_string() }]);
    }
    let inside = |at: f64| at >= low - 1e-9 * (high - low) && at <= high + 1e-9 * (high - low);
    let mut ticks = Vec::new();
    let mut push = |at: Option<f64>, label: String| {
        if let Some(at) = at.filter(|&at| inside(at)) {
            ticks.push(Tick { at, label });
        }
    };
    if days / 365.0 > 0.6 * limit {
        let every = (step(days / 365.2425, most).max(1.0)).round() as i64;
        let start = first.year().div_euclid(every) * every;
        let mut year = start;
        while year <= last.year() + every {
            push(units.encode(Date::new(year, 1, 1)), year.to_string());
            year += every;
        }
    } else if days / 30.0 > 0.6 * limit || days > 100.0 {
        let every = [1, 2, 3, 4, 6, 12].into_iter().find(|&e| days / (31.0 * e as f64) <= limit);
        let every = every.unwrap_or(12);
        for month in (first.year() * 12)..=(last.year() * 12 + 11) {
            if month.rem_euclid(every) == 0 {
                let (y, m) = (month.div_euclid(12), month.rem_euclid(12));
                let label = match (m, every) {
                    (0, _) | (_, 12) => y.to_string(),
                    _ => MONTHS[m as usize].to_owned(),
                };
                push(units.encode(Date::new(y, m + 1, 1)), label);
            }
        }
    } else if days > 0.6 * limit || days > 3.0 {
        let every = [1, 2, 5, 10, 15].into_iter().find(|&e| days / e as f64 <= limit).unwrap_or(15);
        let mut month = first.year() * 12 + first.month() - 1;
        while month < last.year() * 12 + last.month() {
            let (y, m) = (month.div_euclid(12), month.rem_euclid(12) + 1);
            for d in 1..=31 {
                // Day 1, 6, 11 … and not the 31st beside the 1st.
                let good = (d - 1) % every == 0 && (every == 1 || d - 1 + every <= 31);
                let date = Date::new(y, m, d);
                if good || d == 1 {
                    push(units.encode(date), short_day(&date));
                }
            }
            month += 1;
        }
    } else {
        const HOURS: [f64; 12] = [
            1.0 / 60.0,
            1.0 / 30.0,
            1.0 / 12.0,
            1.0 / 6.0,
            0.25,
            0.5,
            1.0,
            2.0,
            3.0,
            6.0,
            12.0,
            24.0,
        ];
        let hours = HOURS.into_iter().find(|h| days * 24.0 / h <= limit).unwrap_or(24.0);
        if days * 24.0 / hours < 1.0 {
            return None;
        }
        let midnight = units.encode(Date::new(first.year(), first.month(), first.day()))?;
        for i in 0..=((days + 1.0) * 24.0 / hours).ceil() as i64 {
            let at = midnight + i as f64 * hours / 24.0 * day;
            let date = units.decode(at + 1e-6 * day)?;
            let minutes = (date.seconds() / 60.0).floor() as i64;
            let label = if minutes == 0 {
                short_day(&date)
            } else {
                format!("{:02}:{:02}", minutes / 60, minutes % 60)
            };
            push(Some(at), label);
        }
    }
    (ticks.len() >= 2).then_some(ticks)
}

#[cfg(test)]
#[path = "ticks_tests.rs"]
mod tests;
