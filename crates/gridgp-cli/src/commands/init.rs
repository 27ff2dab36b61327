//! `gridgp init`: a commented starter model for a data file.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, bail};
use gridgp_grid::Dataset;
use gridgp_io::{CoordinateSummary, FileSummary, Guess, GuessedAxis, Kind};
use gridgp_model::is_reserved;
use gridgp_model::spec::{ModelSpec, Source};

use super::check_outputs;
use crate::args::Init;

pub fn run(args: &Init) -> anyhow::Result<()> {
    let summary = gridgp_io::summarize(&args.data, args.response.as_deref())?;
    let text = starter(&args.data, args.output.as_deref(), &summary)?;
    match &args.output {
        None => write!(std::io::stdout(), "{text}")?,
        Some(path) => {
            if path.exists() {
                bail!("{} exists already; choose another name", path.display());
            }
            check_outputs(&[path], &[&args.data])?;
            std::fs::write(path, text)
                .with_context(|| format!("cannot write {}", path.display()))?;
            writeln!(std::io::stdout(), "wrote {}; next: gridgp check {0}", path.display())?;
        }
    }
    Ok(())
}

fn starter(data: &Path, model: Option<&Path>, summary: &FileSummary) -> anyhow::Result<String> {
    let Some(guess) = &summary.guess else {
        if let Some(doubt) = summary.doubts.first() {
            bail!("{doubt}");
        }
        let names: Vec<&str> = summary.coordinates.iter().map(|c| c.name.as_str()).collect();
        bail!(
            "{}: no variable on a grid was found among {}; a table needs one row a cell, with a \
             column for each axis and one for the response",
            data.display(),
            names.join(", ")
        );
    };
    let mut out = String::new();
    let add = |out: &mut String, text: &str| writeln!(out, "{text}").expect("a String grows");
    let mut line = |text: &str| add(&mut out, text);
    line("# A starter model. `gridgp check` shows what it means, defaults included.");
    line("[data]");
    line(&format!("file = {}", quoted(&relative(data, model))));
    line(&format!("response = {}", quoted(&guess.response)));
    let others = others(summary, guess);
    if !others.is_empty() {
        line(&format!("# --response takes another variable: {}", others.join(", ")));
    }
    if guess.axes.len() == 1 && others.len() > 2 && summary.rows.is_some() {
        line("# If these are one quantity at several places, make the table long: one row a cell,");
        line("# with a column for the place.");
    }
    for doubt in &summary.doubts {
        line(&format!("# {doubt}"));
    }
    for axis in &guess.axes {
        let about: Vec<String> = axis
            .coordinates
            .iter()
            .filter_map(|name| summary.coordinates.iter().find(|c| c.name == *name))
            .map(about)
            .collect();
        line(&format!("# {}: {} points; {}", axis.name, axis.points, about.join("; ")));
        let coordinates: Vec<String> = axis.coordinates.iter().map(|c| quoted(c)).collect();
        let value = match coordinates.as_slice() {
            [one] => match &axis.format {
                Some(format) => {
                    format!("{{ coordinates = {one}, format = {} }}", quoted(format))
                }
                None => one.clone(),
            },
            many => format!("[{}]", many.join(", ")),
        };
        line(&format!("axes.{} = {value}", key(&axis_name(axis))));
        for covariate in &axis.covariates {
            line(&format!(
                "# covariates.{} = {{ along = {}, center = true }}",
                key(covariate),
                quoted(&axis_name(axis))
            ));
        }
    }
    let proposal = Proposal::of(data, guess, &out);
    let mut line = |text: &str| add(&mut out, text);
    for doubt in &proposal.doubts {
        line(&format!("# {doubt}"));
    }
    line("");
    line("[parameters]");
    line("# \"default\" takes a prior from the data; write your own, such as \"normal(20, 5)\".");
    line("intercept = \"default\"");
    if !matches!(proposal.likelihood, Observed::YesNo | Observed::Counts) {
        line("sigma = \"default\"");
    }
    line("");
    line("# A random field: one kernel an axis. See `gridgp kernels`.");
    line("[fields.f]");
    for axis in &guess.axes {
        let labels = |name: &String| {
            summary.coordinates.iter().any(|c| c.name == *name && c.kind == Kind::Label)
        };
        let (named, numbers): (Vec<&String>, Vec<&String>) =
            axis.coordinates.iter().partition(|c| labels(c));
        let is_long = axis.points > 2 * BASIS;
        let kernel = if numbers.is_empty() || axis.points == 1 {
            "white()".to_owned()
        } else if proposal.is_large() && is_long && axis.coordinates.len() == 1 {
            format!("matern52(basis = {BASIS})")
        } else if named.is_empty() {
            "matern52()".to_owned()
        } else {
            let names: Vec<&str> = numbers.iter().map(|c| c.as_str()).collect();
            format!("matern52({})", names.join(", "))
        };
        line(&format!("{} = {}", key(&axis_name(axis)), quoted(&kernel)));
    }
    line("");
    line("# See `gridgp likelihoods`.");
    line("[likelihood]");
    match proposal.likelihood {
        Observed::Numbers | Observed::WholeNumbers(_) => {
            if let Observed::WholeNumbers(why) = proposal.likelihood {
                line(&format!("# Every value is a whole number, but {why}. Counts have"));
                line("# family = \"poisson\" and rate = \"exp(intercept + f)\".");
            }
            line("family = \"gaussian\"");
            line("location = \"intercept + f\"");
            line("scale = \"sigma\"");
        }
        Observed::YesNo => {
            line("family = \"bernoulli\"            # every value is 0 or 1");
            line("probability = \"logistic(intercept + f)\"");
        }
        Observed::Counts => {
            line(
                "# Every value is a whole number, so these may be counts. An exposure stands in front,",
            );
            line(
                "# hours * exp(…); for more variance than Poisson's take negative_binomial and `mean`;",
            );
            line("# for rounded measurements gaussian, `location` and `scale`.");
            line("family = \"poisson\"");
            line("rate = \"exp(intercept + f)\"");
        }
    }
    if proposal.is_sampled() {
        let why = if proposal.much_is_missing { "much is missing" } else { "it is not gaussian" };
        line("");
        line("[inference]");
        if proposal.is_large() {
            line(&format!(
                "# {why}, so the field is sampled; for so many cells that is done by an"
            ));
            line("# approximation, with a basis of few functions along each axis: more are finer.");
            line("method = \"svi\"");
        } else {
            line(&format!("method = \"nuts\"                 # {why}, so the field is sampled"));
        }
    }
    Ok(out)
}

/// What could be modelled instead, without what lies along one of the axes.
fn others<'a>(summary: &'a FileSummary, guess: &Guess) -> Vec<&'a str> {
    let of_axis = |name: &String| {
        guess.axes.iter().any(|a| a.coordinates.contains(name) || a.covariates.contains(name))
    };
    let variables = summary.variables.iter();
    let other = variables.filter(|v| !v.is_part && v.name != guess.response && !of_axis(&v.name));
    other.map(|v| v.name.as_str()).collect()
}

/// Functions along an axis of a large grid.
const BASIS: usize = 20;

/// What the values of the response look like.
#[derive(Clone, Copy, PartialEq)]
enum Observed {
    Numbers,
    /// Whole numbers that are no counts, and why.
    WholeNumbers(&'static str),
    YesNo,
    Counts,
}

impl Observed {
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

/// What suits the values of the response.
struct Proposal {
    likelihood: Observed,
    cells: usize,
    /// More than the exact marginal takes in a moment.
    much_is_missing: bool,
    /// What to ask about the values.
    doubts: Vec<String>,
}

impl Proposal {
    /// Most cells that are read to look at their values.
    const MOST_CELLS: usize = 10_000_000;
    /// Most cells that `nuts` samples in minutes, one unknown each.
    const MOST_SAMPLED: usize = 20_000;
    /// Most missing cells for the exact method.
    const MOST_MISSING: usize = 1000;

    /// From the values themselves. Data that cannot be read get the usual proposal: `gridgp check`
    /// is about to say what is wrong with them.
    fn of(data: &Path, guess: &Guess, section: &str) -> Self {
        let cells = guess.axes.iter().map(|a| a.points).fold(1, usize::saturating_mul);
        let read = |section: &str| -> Option<Dataset> {
            let text = format!("{section}\n[likelihood]\nfamily = \"gaussian\"\n");
            let spec = ModelSpec::from_toml(&Source::new("starter", text)).ok()?;
            gridgp_io::read_with_scalings(data, &spec.data).ok().map(|(data, _)| data)
        };
        let unknown =
            Self { likelihood: Observed::Numbers, cells, much_is_missing: false, doubts: vec![] };
        if cells > Self::MOST_CELLS {
            return unknown;
        }
        let Some(data) = read(section) else { return unknown };
        let missing = data.response.missing_cells().len();
        Self {
            likelihood: Observed::of(&data),
            cells,
            much_is_missing: missing > Self::MOST_MISSING,
            doubts: gridgp_fit::doubts(&data, &[]),
        }
    }

    fn is_large(&self) -> bool {
        self.is_sampled() && self.cells > Self::MOST_SAMPLED
    }

    fn is_sampled(&self) -> bool {
        matches!(self.likelihood, Observed::YesNo | Observed::Counts) || self.much_is_missing
    }
}

fn about(c: &CoordinateSummary) -> String {
    let units = c.units.as_ref().map(|u| format!(" {u}")).unwrap_or_default();
    let step = match c.step {
        Some(step) => format!(", every {step}"),
        None if c.kind == Kind::Label => String::new(),
        None => ", unevenly spaced".into(),
    };
    format!("{} from {} to {}{units}{step}", c.name, c.first, c.last)
}

/// What the starter calls an axis: its name, unless that means something else there.
fn axis_name(axis: &GuessedAxis) -> String {
    let name = &axis.name;
    let is_own = ["f", "intercept", "sigma"].contains(&name.as_str());
    if is_own || is_reserved(name) { format!("{name}_axis") } else { name.clone() }
}

/// The data file as seen from the model file.
fn relative(data: &Path, model: Option<&Path>) -> String {
    let folder = model.and_then(Path::parent).unwrap_or(Path::new(""));
    if data.is_absolute() || folder.as_os_str().is_empty() {
        return data.display().to_string();
    }
    if let Ok(inside) = data.strip_prefix(folder) {
        return inside.display().to_string();
    }
    std::path::absolute(data)
        .map_or_else(|_| data.display().to_string(), |p| p.display().to_string())
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text is text")
}

/// A TOML key, quoted where it must be.
fn key(name: &str) -> String {
    let bare =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { quoted(name) }
}
