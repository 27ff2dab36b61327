//! Values on axes, and slices of them.

use anyhow::{Context, bail};
use gridgp_grid::{Axis, Coordinate, Dataset, Known, TimeUnits, Values};
use gridgp_plot::Quantity;

/// Values on axes, row-major; NaN is missing.
#[derive(Debug, Clone)]
pub struct Cube {
    pub axes: Vec<Axis>,
    pub values: Vec<f64>,
    pub quantity: Quantity,
    /// What was kept of the axes that are gone, `year = 1983`.
    pub kept: Vec<String>,
}

impl Cube {
    /// The response of a dataset.
    pub fn of(data: Dataset) -> Self {
        let y = data.response;
        let missing = y.missing_cells();
        let mut values = y.values;
        missing.into_iter().for_each(|i| values[i] = f64::NAN);
        let name = match y.long_name {
            Some(long) if long.chars().count() <= 40 => long,
            _ => y.name,
        };
        Self {
            axes: data.grid.axes().to_vec(),
            values,
            quantity: Quantity::new(name, y.units.as_deref()),
            kept: vec![],
        }
    }

    /// Keeps one point of an axis.
    pub fn take(&mut self, axis: usize, point: usize) {
        let n = self.axes[axis].len();
        let after: usize = self.axes[axis + 1..].iter().map(Axis::len).product();
        let block = n * after;
        let blocks = self.values.chunks(block);
        self.values = blocks.flat_map(|b| b[point * after..][..after].to_vec()).collect();
        let axis = self.axes.remove(axis);
        if n > 1 {
            self.kept.push(shown(&axis, point));
        }
    }

    /// Keeps some points of an axis.
    fn keep(&mut self, axis: usize, points: &[usize]) -> anyhow::Result<()> {
        let n = self.axes[axis].len();
        let after: usize = self.axes[axis + 1..].iter().map(Axis::len).product();
        let blocks = self.values.chunks(n * after);
        self.values = blocks
            .flat_map(|b| points.iter().flat_map(|p| b[p * after..][..after].to_vec()))
            .collect();
        let whole = &self.axes[axis];
        let coordinates = whole.coordinates().iter().map(|c| c.take(points)).collect();
        self.axes[axis] = Axis::new(whole.name(), coordinates)?;
        Ok(())
    }

    /// Applies `--sel` and `--isel`.
    pub fn select(&mut self, sel: &[String], isel: &[String]) -> anyhow::Result<()> {
        for (option, text) in
            sel.iter().map(|t| ("--sel", t)).chain(isel.iter().map(|t| ("--isel", t)))
        {
            let (name, value) = text
                .split_once('=')
                .with_context(|| format!("{option} {text}: AXIS=VALUE is needed"))?;
            let Some(axis) = self.axes.iter().position(|a| a.name() == name.trim()) else {
                let known: Vec<&str> = self.axes.iter().map(Axis::name).collect();
                bail!("{option} {text}: the axes are {}", known.join(", "));
            };
            let n = self.axes[axis].len();
            if let ("--sel", Some((from, to))) = (option, value.split_once(':')) {
                let points = between(&self.axes[axis], from.trim(), to.trim())
                    .with_context(|| format!("{option} {text}"))?;
                self.keep(axis, &points)?;
                continue;
            }
            let point = if option == "--isel" {
                value.trim().parse::<usize>().ok().filter(|&i| i < n).with_context(|| {
                    format!("{option} {text}: a position from 0 to {} is needed", n - 1)
                })?
            } else {
                find(&self.axes[axis], value.trim()).with_context(|| format!("{option} {text}"))?
            };
            self.take(axis, point);
        }
        Ok(())
    }
}

/// The points of an axis from one value to another, both included: numbers, or beginnings of dates.
fn between(axis: &Axis, from: &str, to: &str) -> anyhow::Result<Vec<usize>> {
    for c in axis.coordinates() {
        let is_in: Box<dyn Fn(f64) -> bool> = match (TimeUnits::of(c), from.parse(), to.parse()) {
            (Some(units), ..) => Box::new(move |x| {
                let Some(date) = units.decode(x) else { return false };
                let date = date.to_string();
                date.as_str() >= from && (date.as_str() <= to || date.starts_with(to))
            }),
            (None, Ok::<f64, _>(low), Ok::<f64, _>(high)) => {
                Box::new(move |x| low <= x && x <= high)
            }
            _ => continue,
        };
        let Values::Numbers(values) = &c.values else { continue };
        let points: Vec<usize> = (0..values.len()).filter(|&i| is_in(values[i])).collect();
        if points.len() > 1 {
            return Ok(points);
        }
    }
    let last = axis.len() - 1;
    bail!(
        "there are not two points from {from} to {to}; the axis goes from {} to {}",
        shown(axis, 0),
        shown(axis, last)
    )
}

/// The first point of an axis with a value: a label, a number, or the beginning of a date.
fn find(axis: &Axis, value: &str) -> anyhow::Result<usize> {
    for c in axis.coordinates() {
        let found = match (&c.values, TimeUnits::of(c), value.parse::<f64>()) {
            (Values::Labels(labels), ..) => labels.iter().position(|l| l == value),
            (Values::Numbers(v), Some(units), _) => v
                .iter()
                .position(|&x| units.decode(x).is_some_and(|d| d.to_string().starts_with(value))),
            (Values::Numbers(_), None, Ok(x)) => {
                let own = Known::of(c).find(x);
                own.and_then(|own| c.seen().iter().position(|&v| v == own))
            }
            _ => None,
        };
        if let Some(point) = found {
            return Ok(point);
        }
    }
    let last = axis.len() - 1;
    bail!(
        "there is no such point; the axis goes from {} to {}, and --isel {}=I takes one by its \
         position",
        shown(axis, 0),
        shown(axis, last),
        axis.name()
    )
}

/// A point in words.
pub fn shown(axis: &Axis, point: usize) -> String {
    let one = |c: &Coordinate| match (&c.values, TimeUnits::of(c)) {
        (Values::Numbers(v), Some(units)) => {
            let date = units.decode(v[point]);
            let text = date.map_or_else(|| c.show(point), |d| d.to_string());
            format!("{} = {text}", c.name)
        }
        _ => format!("{} = {}", c.name, c.show(point)),
    };
    // A name says enough.
    let labels = axis.coordinates().iter().find(|c| matches!(c.values, Values::Labels(_)));
    match labels {
        Some(c) => one(c),
        None => axis.coordinates().iter().map(one).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cube() -> Cube {
        let time =
            Coordinate::numbers("time", vec![0.0, 24.0]).with_units("hours since 1850-01-01");
        let axes = vec![
            Axis::new("time", vec![time]).unwrap(),
            Axis::numbers("x", vec![0.5, 1.5, 2.5]).unwrap(),
            Axis::new("s", vec![Coordinate::labels("s", vec!["a".into(), "b".into()])]).unwrap(),
        ];
        let values = (0..12).map(f64::from).collect();
        Cube { axes, values, quantity: Quantity::default(), kept: vec![] }
    }

    #[test]
    fn points_are_kept_by_value_date_label_and_position() {
        let mut c = cube();
        c.select(&["x=1.5".into(), "time=1850-01-02".into()], &[]).unwrap();
        assert_eq!(c.values, [8.0, 9.0]);
        assert_eq!(c.kept, ["x = 1.5", "time = 1850-01-02"]);
        let mut c = cube();
        c.select(&["s=b".into()], &["time=0".into()]).unwrap();
        assert_eq!(c.values, [1.0, 3.0, 5.0]);
    }

    #[test]
    fn ranges_are_kept_by_value_and_date() {
        let mut c = cube();
        c.select(&["x=1:3".into()], &["s=1".into()]).unwrap();
        assert_eq!(c.values, [3.0, 5.0, 9.0, 11.0]);
        assert_eq!(c.axes[1].coordinates()[0].values, Values::Numbers(vec![1.5, 2.5]));
        let mut c = cube();
        c.select(&["time=1850-01-01:1850-01-02".into(), "x=0.5".into(), "s=a".into()], &[])
            .unwrap();
        assert_eq!(c.values, [0.0, 6.0]);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let e = |sel: &str, isel: &str| {
            let list = |t: &str| if t.is_empty() { vec![] } else { vec![t.to_owned()] };
            format!("{:#}", cube().select(&list(sel), &list(isel)).unwrap_err())
        };
        assert!(e("y=1", "").contains("time, x, s"));
        assert!(e("x=7", "").contains("x = 0.5 to x = 2.5"));
        assert!(e("x=1:2", "").contains("not two points from 1 to 2"));
        assert!(e("", "x=3").contains("0 to 2"));
        assert!(e("x", "").contains("AXIS=VALUE"));
    }
}
