//! What suits the data: a likelihood, and a way to infer.

use std::path::Path;

use gridgp_density::Marginal;
use gridgp_grid::Dataset;
use gridgp_io::Guess;
use gridgp_model::Model;
use gridgp_model::spec::{ModelSpec, Source};

use crate::machine::check_memory;

/// What the values of the response look like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Observed {
    Numbers,
    /// Whole numbers that are no counts, and why.
    WholeNumbers(&'static str),
    YesNo,
    Counts,
}

impl Observed {
    pub(super) fn is_gaussian(self) -> bool {
        matches!(self, Self::Numbers | Self::WholeNumbers(_))
    }

    /// Whole numbers from 0 on are counts where nothing speaks against it: a unit of something
    /// else; a spread below that of a Poisson distribution, which the mean of counts adds to and
    /// never takes from; or large numbers that are all alike, as pressures in Pa are.
    fn of(data: &Dataset) -> Self {
        let y = || data.observed();
        let unit = data.response.units.as_deref();
        if !y().all(|y| y >= 0.0 && y.fract() == 0.0) {
            return Self::Numbers;
        }
        if !is_unit_of_counts(unit) {
            return Self::WholeNumbers("its unit is not one of counts");
        }
        if y().all(|y| y <= 1.0) {
            return Self::YesNo;
        }
        let n = y().count() as f64;
        let mean = y().sum::<f64>() / n;
        let variance = y().map(|y| (y - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let low = y().fold(f64::INFINITY, f64::min);
        // (n - 1) variance / mean is chi-squared for Poisson counts of one rate.
        if variance < mean * (1.0 - 3.0 * (2.0 / (n - 1.0)).sqrt()) {
            Self::WholeNumbers("they vary less than counts")
        } else if mean > 100.0 && low > mean / 2.0 {
            Self::WholeNumbers("they are large and much alike")
        } else {
            Self::Counts
        }
    }
}

fn is_unit_of_counts(unit: Option<&str>) -> bool {
    const UNITS: [&str; 12] = [
        "",
        "1",
        "count",
        "counts",
        "number",
        "#",
        "events",
        "individuals",
        "cases",
        "deaths",
        "people",
        "persons",
    ];
    UNITS.contains(&unit.unwrap_or("").trim().to_lowercase().as_str())
}

/// How the unknowns of the starter are to be found.
#[derive(Debug, PartialEq)]
pub(super) enum Way {
    /// The mode, the field integrated out.
    Exact,
    /// Parameters and field are sampled, and why.
    Nuts(String),
    /// The same by an approximation, for many cells.
    Svi(String),
}

/// What suits the values of the response.
pub(super) struct Proposal {
    pub(super) likelihood: Observed,
    pub(super) way: Way,
    /// What to ask about the values.
    pub(super) doubts: Vec<String>,
}

impl Proposal {
    /// Most cells that are read to look at their values.
    const MOST_CELLS: usize = 10_000_000;
    /// Most cells that `nuts` samples in minutes, one unknown each.
    const MOST_SAMPLED: usize = 20_000;
    /// Most seconds of one core for an evaluation of the marginal likelihood, of which a fit needs tens
    /// on all cells and hundreds on a block of them.
    const MOST_SECONDS: f64 = 60.0;

    /// From the values themselves; `section` is the starter's `[data]`, `body` the rest of a starter
    /// for the exact method. Data that cannot be read get the usual proposal: `gridgp check` is about
    /// to say what is wrong with them.
    pub(super) fn of(
        data: &Path,
        guess: &Guess,
        section: &str,
        body: impl Fn(Observed) -> String,
    ) -> Self {
        let cells = guess.axes.iter().map(|a| a.points).fold(1, usize::saturating_mul);
        let read = |section: &str| -> Option<Dataset> {
            let text = format!("{section}\n[likelihood]\nfamily = \"gaussian\"\n");
            let spec = ModelSpec::from_toml(&Source::new("starter", text)).ok()?;
            gridgp_io::read_with_scalings(data, &spec.data).ok().map(|(data, _)| data)
        };
        let unknown = Self { likelihood: Observed::Numbers, way: Way::Exact, doubts: vec![] };
        if cells > Self::MOST_CELLS {
            return unknown;
        }
        let Some(data) = read(section) else { return unknown };
        let likelihood = Observed::of(&data);
        let doubts = gridgp_fit::doubts(&data, &[]);
        let why = match likelihood.is_gaussian() {
            false => Some("It is not gaussian".to_owned()),
            true => cost(data, format!("{section}{}", body(likelihood))),
        };
        let way = match why {
            None => Way::Exact,
            Some(why) if cells > Self::MOST_SAMPLED => Way::Svi(why),
            Some(why) => Way::Nuts(why),
        };
        Self { likelihood, way, doubts }
    }
}

/// What the exact method would take of a starter, where that is too much.
fn cost(data: Dataset, text: String) -> Option<String> {
    let source = Source::new("starter", text);
    let model = Model::new(ModelSpec::from_toml(&source).ok()?, &source, data).ok()?;
    let seconds = Marginal::plan_of(&model).ok()?.seconds();
    let (bytes, what) = gridgp_infer::memory(&model);
    if seconds > Proposal::MOST_SECONDS {
        let time = gridgp_fit::duration(seconds);
        Some(format!("An evaluation of the marginal likelihood takes {time} here"))
    } else if check_memory(bytes, &what).is_err() {
        let size = gridgp_model::size(bytes as f64);
        Some(format!("The marginal likelihood takes {size} here"))
    } else {
        None
    }
}
