//! New points in the numbers of a known axis.

use std::collections::HashMap;

use crate::{Axis, Coordinate, Error, Known, Points, Result, Values, nearest};

impl Axis {
    /// The numbers that stand for new points where [`points`](Axis::points) gives those of this
    /// axis: a label has the number that it has here, and a number is that of the point that it means
    /// ([`Known`]). `new` has the coordinates of this axis, in
    /// their order and units.
    ///
    /// # Errors
    /// Other coordinates, labels where there are numbers here or the reverse, or a label that this
    /// axis does not have.
    ///
    /// ```
    /// use gridgp_grid::{Axis, Coordinate};
    ///
    /// let city = |names: &[&str]| {
    ///     Coordinate::labels("city", names.iter().map(|&n| n.to_owned()).collect())
    /// };
    /// let fit = Axis::new("city", vec![city(&["Porto", "Faro"])])?;
    /// assert_eq!(fit.points_like(&[city(&["Faro"])])?.row(0), [1.0]);
    /// let e = fit.points_like(&[city(&["Farro"])]).unwrap_err().to_string();
    /// assert!(e.contains("no \"Farro\"") && e.contains("did you mean \"Faro\""));
    /// # Ok::<(), gridgp_grid::Error>(())
    /// ```
    pub fn points_like(&self, new: &[Coordinate]) -> Result<Points> {
        let names = |of: &[Coordinate]| of.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
        if names(self.coordinates()) != names(new) {
            return Err(Error::Grid(format!(
                "axis {:?} has the coordinates {:?} in the new points where the data have {:?}",
                self.name(),
                names(new),
                names(self.coordinates())
            )));
        }
        let columns = self
            .coordinates()
            .iter()
            .zip(new)
            .map(|(old, new)| numbers_like(old, new))
            .collect::<Result<Vec<_>>>()?;
        let rows = (0..new[0].len()).flat_map(|i| columns.iter().map(move |c| c[i]));
        Ok(Points::new(rows.collect(), columns.len()))
    }
}

fn numbers_like(known: &Coordinate, new: &Coordinate) -> Result<Vec<f64>> {
    let name = &known.name;
    match (&known.values, &new.values) {
        (Values::Numbers(_), Values::Numbers(v)) => {
            let known = Known::of(known);
            Ok(v.iter().map(|&x| known.snap(x)).collect())
        }
        (Values::Labels(known), Values::Labels(labels)) => {
            let mut numbers = HashMap::new();
            for (i, label) in known.iter().enumerate() {
                numbers.entry(label).or_insert(i as f64);
            }
            let number = |label: &String| {
                numbers.get(label).copied().ok_or_else(|| {
                    let hint = nearest::hint(label, known.iter().map(String::as_str));
                    Error::Grid(format!("{name:?}: the data have no {label:?}{hint}"))
                })
            };
            labels.iter().map(number).collect()
        }
        (Values::Numbers(_), Values::Labels(v)) => Err(Error::Grid(format!(
            "{name:?} holds labels such as {:?}, but numbers in the data",
            v.first().map_or("", String::as_str)
        ))),
        (Values::Labels(_), Values::Numbers(_)) => {
            Err(Error::Grid(format!("{name:?} holds numbers, but labels in the data")))
        }
    }
}
