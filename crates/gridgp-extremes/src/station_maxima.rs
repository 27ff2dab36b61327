//! Yearly maxima at stations, simulated as a whole: places, temperature, fields, observations.

use gridgp_grid::{Error, Points, Result};
use gridgp_kernel::{Kernel, KernelOptions};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::simulate::{Warming, gev_observations, gmst, spatial_field};

/// A parameter of the GEV over the stations: a level, and a field around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Varying {
    /// Its mean (of location and slope) or median (of scale and shape).
    pub middle: f64,
    /// Standard deviation of the field; 0 for the same everywhere.
    pub amplitude: f64,
    /// Lengthscale of the field, in degrees.
    pub lengthscale: f64,
}

impl Varying {
    /// A parameter with a field.
    pub const fn new(middle: f64, amplitude: f64, lengthscale: f64) -> Self {
        Self { middle, amplitude, lengthscale }
    }
}

/// What to simulate: stations in a box, a global temperature, and GEV maxima that follow it.
///
/// The location of station s in year t is location(s) + slope(s) · (gmst(t) − its mean) + shift(t).
/// Fields over the stations are Matérn 3/2 in degrees, the shift of the years is one in years. The
/// scale is middle · exp(field), the shape ½ tanh(artanh(2 middle) + field), so that it stays
/// between −½ and ½, beyond which is more than maxima show.
///
/// ```
/// use gridgp_extremes::StationMaxima;
///
/// let few = StationMaxima { stations: 3, ..StationMaxima::default() };
/// let simulated = few.simulate(1)?;
/// assert_eq!(simulated.observations.len(), 3 * 40);
/// assert_eq!(simulated, few.simulate(1)?);
/// # Ok::<(), gridgp_grid::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StationMaxima {
    /// Number of stations.
    pub stations: usize,
    /// West and east end of their box, in degrees.
    pub lon: (f64, f64),
    /// South and north end of their box, in degrees.
    pub lat: (f64, f64),
    /// The years, in order.
    pub years: Vec<f64>,
    /// How the global temperature rises.
    pub warming: Warming,
    /// Standard deviation of its noise, in K.
    pub gmst_sd: f64,
    /// Correlation of that noise from year to year.
    pub gmst_correlation: f64,
    /// The location at the mean temperature.
    pub location: Varying,
    /// Its rise with the temperature.
    pub slope: Varying,
    /// The scale, positive; its field is that of the logarithm.
    pub scale: Varying,
    /// The shape, above 0 for a heavy tail.
    pub shape: Varying,
    /// Standard deviation of the shift of the location from year to year.
    pub year_amplitude: f64,
    /// Its lengthscale, in years.
    pub year_lengthscale: f64,
}

impl Default for StationMaxima {
    /// 40 stations on the Iberian Peninsula, 1985 to 2024.
    fn default() -> Self {
        Self {
            stations: 40,
            lon: (-9.0, 3.0),
            lat: (36.0, 44.0),
            years: (1985..=2024).map(f64::from).collect(),
            warming: Warming::Linear { rate: 0.02 },
            gmst_sd: 0.1,
            gmst_correlation: 0.5,
            location: Varying::new(35.0, 2.0, 2.0),
            slope: Varying::new(1.2, 0.5, 3.0),
            scale: Varying::new(1.8, 0.0, 3.0),
            shape: Varying::new(0.12, 0.0, 3.0),
            year_amplitude: 0.0,
            year_lengthscale: 5.0,
        }
    }
}

/// Simulated maxima and the truth that they came from.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedMaxima {
    /// Longitude and latitude of each station, in degrees, of four decimals.
    pub stations: Points,
    /// The global temperature of each year, in K, not centered.
    pub gmst: Vec<f64>,
    /// The maxima, station by year.
    pub observations: Vec<f64>,
    /// The location of each station at the mean temperature.
    pub location: Vec<f64>,
    /// Its rise with the temperature.
    pub slope: Vec<f64>,
    /// The scale of each station.
    pub scale: Vec<f64>,
    /// The shape of each station.
    pub shape: Vec<f64>,
    /// The shift of the location in each year.
    pub shift: Vec<f64>,
}

/// Every random part has a seed of its own, so that one can be changed without the others.
#[derive(Debug, Clone, Copy)]
enum Part {
    Stations,
    Gmst,
    Location,
    Slope,
    Scale,
    Shape,
    Years,
    Observations,
}

impl StationMaxima {
    /// The maxima with this seed.
    ///
    /// # Errors
    /// No station or year, an empty box, a shape beyond ½, a scale, amplitude or lengthscale that
    /// is not positive, stations that fall together.
    pub fn simulate(&self, seed: u64) -> Result<SimulatedMaxima> {
        self.check()?;
        let seed = |part: Part| seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(part as u64);
        let stations = self.places(seed(Part::Stations))?;
        let field = |part, varying: Varying| {
            let theta = [varying.lengthscale];
            let kernel = matern(&["lon", "lat"])?;
            spatial_field(&kernel, &theta, &stations, varying.amplitude, seed(part))
        };
        let around = |field: Vec<f64>, middle: f64| -> Vec<f64> {
            field.iter().map(|f| middle + f).collect()
        };
        let location = around(field(Part::Location, self.location)?, self.location.middle);
        let slope = around(field(Part::Slope, self.slope)?, self.slope.middle);
        let scale = field(Part::Scale, self.scale)?;
        let scale: Vec<f64> = scale.iter().map(|f| self.scale.middle * f.exp()).collect();
        let shape = field(Part::Shape, self.shape)?;
        let middle = (2.0 * self.shape.middle).atanh();
        let shape: Vec<f64> = shape.iter().map(|f| 0.5 * (middle + f).tanh()).collect();
        let shift = spatial_field(
            &matern(&["year"])?,
            &[self.year_lengthscale],
            &Points::line(&self.years),
            self.year_amplitude,
            seed(Part::Years),
        )?;
        let count = self.years.len();
        let gmst =
            gmst(self.warming, count, self.gmst_sd, self.gmst_correlation, seed(Part::Gmst))?;
        let mean = gmst.iter().sum::<f64>() / count as f64;
        let centered: Vec<f64> = gmst.iter().map(|g| g - mean).collect();
        let mut observations = gev_observations(
            &location,
            &slope,
            &scale,
            &shape,
            &centered,
            seed(Part::Observations),
        )?;
        observations.iter_mut().enumerate().for_each(|(i, y)| *y += shift[i % count]);
        Ok(SimulatedMaxima { stations, gmst, observations, location, slope, scale, shape, shift })
    }

    fn check(&self) -> Result<()> {
        let refuse = |message: String| Err(Error::Data(message));
        if self.stations == 0 || self.years.is_empty() {
            return refuse(format!(
                "there are {} stations and {} years; there must be at least one of each",
                self.stations,
                self.years.len()
            ));
        }
        for (name, (from, to)) in [("longitudes", self.lon), ("latitudes", self.lat)] {
            if !(from < to && from.is_finite() && to.is_finite()) {
                return refuse(format!("the box of {name} goes from {from} to {to}"));
            }
        }
        if self.shape.middle.is_nan() || self.shape.middle.abs() >= 0.5 {
            return refuse(format!(
                "the shape is {}; it must lie between -0.5 and 0.5",
                self.shape.middle
            ));
        }
        if !(self.scale.middle > 0.0 && self.scale.middle.is_finite()) {
            return refuse(format!("the scale is {}; it must be positive", self.scale.middle));
        }
        Ok(())
    }

    /// Places in the box, evenly spread at random.
    fn places(&self, seed: u64) -> Result<Points> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut at = |(a, b): (f64, f64)| {
            let x = a + (b - a) * rng.random::<f64>();
            (x * 1e4).round() / 1e4
        };
        let places = (0..self.stations).flat_map(|_| [at(self.lon), at(self.lat)]);
        let points = Points::new(places.collect(), 2);
        match points.first_repeat() {
            Some((i, j)) => Err(Error::Data(format!(
                "stations {i} and {j} fall together; take a larger box, or another seed"
            ))),
            None => Ok(points),
        }
    }
}

fn matern(coordinates: &[&str]) -> Result<Kernel> {
    let options = KernelOptions::of(coordinates.iter().copied());
    Kernel::from_name("matern32", &options).map_err(Error::Data)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each part has a seed of its own: more noise leaves the stations where they are.
    #[test]
    fn one_part_changes_without_the_others() {
        let base = StationMaxima::default();
        let louder = StationMaxima { gmst_sd: 0.3, ..base.clone() };
        let (a, b) = (base.simulate(4).unwrap(), louder.simulate(4).unwrap());
        assert_eq!((&a.stations, &a.location), (&b.stations, &b.location));
        assert_ne!(a.gmst, b.gmst);
        assert_ne!(a.stations, base.simulate(5).unwrap().stations);
    }

    #[test]
    fn without_amplitudes_all_stations_are_alike() {
        let flat = Varying::new(30.0, 0.0, 1.0);
        let same = StationMaxima {
            location: flat,
            slope: Varying { middle: 0.0, ..flat },
            ..StationMaxima::default()
        };
        let simulated = same.simulate(1).unwrap();
        assert!(simulated.location.iter().all(|v| *v == 30.0));
        assert!(simulated.shape.iter().all(|v| (v - 0.12).abs() < 1e-15));
        assert!(simulated.shift.iter().all(|v| *v == 0.0));
    }

    #[test]
    fn mistakes_are_explained() {
        let bad = |s: StationMaxima| s.simulate(1).unwrap_err().to_string();
        let base = StationMaxima::default;
        assert!(bad(StationMaxima { stations: 0, ..base() }).contains("0 stations"));
        assert!(bad(StationMaxima { lon: (3.0, 3.0), ..base() }).contains("longitudes"));
        let wild = Varying::new(0.5, 0.0, 1.0);
        assert!(bad(StationMaxima { shape: wild, ..base() }).contains("shape is 0.5"));
        let none = Varying::new(0.0, 0.0, 1.0);
        assert!(bad(StationMaxima { scale: none, ..base() }).contains("scale is 0"));
        let tiny = StationMaxima { lon: (0.0, 1e-9), lat: (0.0, 1e-9), ..base() };
        assert!(bad(tiny).contains("fall together"));
    }
}
