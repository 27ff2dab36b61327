//! What can be typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Gaussian-process models for data on grids, exact and fast.
#[derive(Debug, Parser)]
#[command(name = "gridgp", version, propagate_version = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a commented starter model for a data file.
    Init(Init),
    /// Show the model that a file means: equations, shapes, priors; nothing is fitted.
    Check(Check),
    /// Fit a model and write a fit file.
    Fit(Fit),
    /// Give a fit new data at the parameters that it has: nothing is fitted.
    Update(Update),
    /// Show what a fit found.
    Summary(Summary),
    /// Predict from a fit, on a grid or at points.
    Predict(Predict),
    /// Means and sums of areas, seasons and other cells, with their exact uncertainty.
    Aggregate(Aggregate),
    /// Compare each observation with its prediction: calibration, scores, residuals.
    Residuals(Residuals),
    /// Draw data, a fit or a prediction.
    Plot(Plot),
    /// Write a page about a fit that opens in a browser, without a network.
    Report(Report),
    /// Return levels of extremes, their change between scenarios, and risks.
    ReturnLevels(ReturnLevels),
    /// The largest value of each year of a series.
    BlockMaxima(BlockMaxima),
    /// Simulate yearly maxima at stations, with a known truth.
    Simulate(Simulate),
    /// List the kernels with their formulas and parameters.
    Kernels(List),
    /// List the priors with their formulas and parameters.
    Priors(List),
    /// List the likelihoods with their formulas and parameters, and the links.
    Likelihoods(List),
    /// Print the JSON Schema of model files, for editors.
    Schema,
}

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub struct Init {
    /// A CSV table or NetCDF file.
    pub data: PathBuf,
    /// The column or variable that is modelled; guessed if absent.
    #[arg(short, long)]
    pub response: Option<String>,
    /// The model file to write; standard output if absent.
    #[arg(short, long)]
    pub output: Option<PathBuf>,
}

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// The model file.
    pub model: PathBuf,
    /// The data file, in place of the one in the model file.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Print what is known as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `fit`.
#[derive(Debug, clap::Args)]
pub struct Fit {
    /// The model file.
    pub model: PathBuf,
    /// The fit file to write (NetCDF-4).
    #[arg(short, long)]
    pub output: PathBuf,
    /// Write a page about the fit as well, .html, as `gridgp report` does.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// The data file, in place of the one in the model file.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// The seed, in place of the one in the model file.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Number of threads; all cores if absent. The numbers do not depend on it.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Go on with an interrupted run of `nuts`, from the draws that it has left beside the output.
    #[arg(long)]
    pub resume: bool,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
    /// Print warnings and errors only.
    #[arg(short, long)]
    pub quiet: bool,
}

/// Arguments of `update`.
#[derive(Debug, clap::Args)]
pub struct Update {
    /// A fit file.
    pub fit: PathBuf,
    /// The data file with what is new; what the fit has already may be in it or not.
    #[arg(long, required = true)]
    pub data: PathBuf,
    /// The fit file to write (NetCDF-4).
    #[arg(short, long)]
    pub output: PathBuf,
    /// Read the fit file as it is, though its checksums are missing or wrong.
    #[arg(long)]
    pub no_verify: bool,
    /// Number of threads; all cores if absent. The numbers do not depend on it.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
    /// Print warnings and errors only.
    #[arg(short, long)]
    pub quiet: bool,
}

/// Arguments of `summary`.
#[derive(Debug, clap::Args)]
pub struct Summary {
    /// A fit file.
    pub fit: PathBuf,
    /// Read the fit file as it is, though its checksums are missing or wrong.
    #[arg(long)]
    pub no_verify: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `predict`.
#[derive(Debug, clap::Args)]
pub struct Predict {
    /// A fit file.
    pub fit: PathBuf,
    /// Read the fit file as it is, though its checksums are missing or wrong.
    #[arg(long)]
    pub no_verify: bool,
    /// Where: a CSV table of points, a NetCDF file whose coordinates are the new grid, or axes
    /// such as `x=0:5:101,y=2` (start:stop:count, both ends included), for stations
    /// `lon=-9:3:49,lat=36:44:33`, along a time also dates, `date=2020-03-01`. Axes that are not named
    /// keep the points of the data. The grid of the data if absent.
    #[arg(long)]
    pub at: Option<String>,
    /// The file to write: NetCDF, or a table if it ends in .csv.
    #[arg(short, long)]
    pub output: PathBuf,
    /// Quantiles of a new observation, between 0 and 1.
    #[arg(long, value_delimiter = ',', default_values_t = [0.05, 0.5, 0.95])]
    pub quantiles: Vec<f64>,
    /// Number of joint draws to write as well; moments and quantiles are of all draws of the fit.
    #[arg(long, default_value_t = 0)]
    pub draws: usize,
    /// The seed of the draws; the one of the fit if absent.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Only these quantities: mean, observation, a field, a sum of fields ("trend + season", "base +
    /// warming * gmst"); of a fit by draws also a parameter of the likelihood.
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
    /// Where to say nothing: `data` for the cells that the data lack, `data:time` for the places that
    /// they lack at all times, `FILE:VARIABLE` for where a variable of a NetCDF file is 0 or missing. A
    /// new point has the mask of the nearest point along each axis.
    #[arg(long)]
    pub mask: Option<String>,
    /// Number of threads; all cores if absent.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Print errors only.
    #[arg(short, long)]
    pub quiet: bool,
}

/// Arguments of `aggregate`.
#[derive(Debug, clap::Args)]
pub struct Aggregate {
    /// A fit file.
    pub fit: PathBuf,
    /// Read the fit file as it is, though its checksums are missing or wrong.
    #[arg(long)]
    pub no_verify: bool,
    /// The axes to take the mean over, `lat,lon`; the others stay.
    #[arg(long, value_delimiter = ',', required = true)]
    pub over: Vec<String>,
    /// What each cell counts: all the same, or its area on the sphere, from its latitude.
    #[arg(long, value_enum, default_value_t = CellWeights::Equal)]
    pub weights: CellWeights,
    /// Sums in place of means.
    #[arg(long)]
    pub sum: bool,
    /// Cells that do not count, as for `predict`: `data`, `data:time`, `FILE:VARIABLE`.
    #[arg(long)]
    pub mask: Option<String>,
    /// Where: a NetCDF file whose coordinates are the grid, or axes such as `month=6:8:3`, which
    /// choose a season. The grid of the data if absent.
    #[arg(long)]
    pub at: Option<String>,
    /// The file to write: NetCDF, or a table if it ends in .csv.
    #[arg(short, long)]
    pub output: PathBuf,
    /// Quantiles of the mean or sum, between 0 and 1.
    #[arg(long, value_delimiter = ',', default_values_t = [0.05, 0.5, 0.95])]
    pub quantiles: Vec<f64>,
    /// One quantity: mean (the expected response), a field, a sum of fields.
    #[arg(long)]
    pub only: Option<String>,
    /// The seed of what a fit by draws leaves open; the one of the fit if absent.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Number of threads; all cores if absent.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Print errors only.
    #[arg(short, long)]
    pub quiet: bool,
}

/// What a cell counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum CellWeights {
    /// All the same.
    Equal,
    /// Its area on the sphere.
    Area,
}

/// Arguments of `residuals`.
#[derive(Debug, clap::Args)]
pub struct Residuals {
    /// A fit file: with draws, or of a Gaussian model by `map`.
    pub fit: PathBuf,
    /// Read the fit file as it is, though its checksums are missing or wrong.
    #[arg(long)]
    pub no_verify: bool,
    /// At a mode, leave out all observations at a point of this axis together: each station, each year.
    #[arg(long, value_name = "AXIS", conflicts_with_all = ["folds", "in_sample"])]
    pub leave_out: Option<String>,
    /// At a mode, leave out so many random parts of the observations in turn.
    #[arg(long, value_name = "K", conflicts_with = "in_sample")]
    pub folds: Option<usize>,
    /// The file to write for each observation: NetCDF, or a table if it ends in .csv.
    #[arg(short, long)]
    pub output: Option<PathBuf>,
    /// An axis for each of whose points there is a row: `station`, `year`.
    #[arg(long)]
    pub by: Option<String>,
    /// The file to write for these rows.
    #[arg(long)]
    pub table: Option<PathBuf>,
    /// Let all draws count alike, in place of leaving each observation out by weights.
    #[arg(long)]
    pub in_sample: bool,
    /// Probabilities of the central intervals whose coverage is counted.
    #[arg(long, value_delimiter = ',', default_values_t = [0.5, 0.8, 0.9, 0.95])]
    pub levels: Vec<f64>,
    /// The seed of the new observations behind the CRPS; the one of the fit if absent.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Number of threads; all cores if absent. The numbers do not depend on it.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Print warnings and errors only.
    #[arg(short, long)]
    pub quiet: bool,
}

/// What `plot` can draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum PlotKind {
    /// A value at every place of two axes, as a color.
    Heat,
    /// Values on a map with coasts and borders.
    Map,
    /// A line with its band along one axis.
    Series,
    /// Prior against posterior of each parameter, or the mode on the prior.
    Density,
    /// The draws of each chain in their order, beside their densities.
    Trace,
    /// How the draws of each chain lie among all draws.
    Rank,
    /// Parameters in pairs, with divergent draws.
    Pair,
    /// What the optimizer made smaller, by iteration.
    Loss,
    /// Histogram of the probabilities that the fit gave to being below each observation.
    Pit,
    /// The same as normal scores against those expected.
    Qq,
    /// Kernels and functions at draws from the prior; FILE may be a model file.
    Prior,
    /// Return levels by period at one place, with intervals: of a fit beside the observed maxima,
    /// or of a file by `return-levels`.
    ReturnLevels,
}

/// Arguments of `plot`.
#[derive(Debug, clap::Args)]
pub struct Plot {
    /// Data (CSV, NetCDF), a fit, a prediction, a file of draws, or a model file for `prior`.
    pub file: PathBuf,
    /// Read the fit file as it is, though its checksums are missing or wrong.
    #[arg(long)]
    pub no_verify: bool,
    /// What to draw; what suits the file if absent.
    #[arg(long, value_enum)]
    pub kind: Option<PlotKind>,
    /// The picture to write: .svg, .png or .pdf.
    #[arg(short, long)]
    pub output: PathBuf,
    /// The variable of a file; of a fit `data`, `mean`, `sd`, `sd_observation` or `residual`.
    /// Several, such as `data,mean`, become panels with the same colors.
    #[arg(long, value_delimiter = ',')]
    pub variable: Vec<String>,
    /// Keep one point of an axis, by its value, `year=1983`, `time=2019-03-05`, or a range,
    /// `year=1995:2015`. May be repeated.
    #[arg(long, value_name = "AXIS=VALUE", allow_hyphen_values = true)]
    pub sel: Vec<String>,
    /// Keep one point of an axis, by its position from 0, `time=12`. May be repeated.
    #[arg(long, value_name = "AXIS=I")]
    pub isel: Vec<String>,
    /// Show the difference to the same variable of another file, in colors around zero.
    #[arg(long, value_name = "FILE")]
    pub minus: Option<PathBuf>,
    /// Only these parameters, by name.
    #[arg(long, value_delimiter = ',')]
    pub parameters: Vec<String>,
    /// Width, mm.
    #[arg(long, default_value_t = 85.0)]
    pub width: f64,
    /// Height, mm; what suits the picture if absent.
    #[arg(long)]
    pub height: Option<f64>,
    /// A line above the picture.
    #[arg(long)]
    pub title: Option<String>,
    /// viridis, cividis, magma, or blue-red around zero.
    #[arg(long)]
    pub colormap: Option<String>,
    /// The values at the ends of the colors, or of the axis of values, `LOW,HIGH`.
    #[arg(long, allow_hyphen_values = true)]
    pub limits: Option<String>,
    /// How a map lays the globe flat: equirectangular, lambert or orthographic.
    #[arg(long, default_value = "equirectangular")]
    pub projection: String,
    /// The seed of draws from the prior.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Print errors only.
    #[arg(short, long)]
    pub quiet: bool,
}

/// Arguments of `report`.
#[derive(Debug, clap::Args)]
pub struct Report {
    /// A fit file.
    pub fit: PathBuf,
    /// Read the fit file as it is, though its checksums are missing or wrong.
    #[arg(long)]
    pub no_verify: bool,
    /// The page to write, .html.
    #[arg(short, long)]
    pub output: PathBuf,
    /// A prediction from this fit, as `gridgp predict` wrote it, to be shown as well.
    #[arg(long, value_name = "FILE")]
    pub prediction: Option<PathBuf>,
    /// Return levels from this fit, as `gridgp return-levels` wrote them (.nc), to be shown as well.
    #[arg(long, value_name = "FILE")]
    pub return_levels: Option<PathBuf>,
    /// Print errors only.
    #[arg(short, long)]
    pub quiet: bool,
}

/// Arguments of `return-levels`.
#[derive(Debug, clap::Args)]
pub struct ReturnLevels {
    /// A fit file with draws, of an extreme-value likelihood.
    pub fit: PathBuf,
    /// Read the fit file as it is, though its checksums are missing or wrong.
    #[arg(long)]
    pub no_verify: bool,
    /// Return periods in years (in peaks, for peaks over a threshold).
    #[arg(long, value_delimiter = ',', default_values_t = [20.0, 100.0])]
    pub period: Vec<f64>,
    /// Where: as for `predict`. What a scenario gives may be left out of a file.
    #[arg(long)]
    pub at: Option<String>,
    /// NAME:covariate=value,… in the units of the data; may be given several times. The changes
    /// from the first one are written as well.
    #[arg(long)]
    pub scenario: Vec<String>,
    /// Probabilities of the posterior quantiles, between 0 and 1.
    #[arg(long, value_delimiter = ',', default_values_t = [0.05, 0.5, 0.95])]
    pub probabilities: Vec<f64>,
    /// Values whose probability of being exceeded in a year is wanted.
    #[arg(long, value_delimiter = ',', allow_negative_numbers = true)]
    pub exceed: Vec<f64>,
    /// A period of years, from:to: its design-life level and level of equivalent reliability, in
    /// place of the levels of single years.
    #[arg(long)]
    pub years: Option<String>,
    /// Probabilities of exceeding the design-life level within --years.
    #[arg(long, value_delimiter = ',', default_values_t = [0.1])]
    pub risk: Vec<f64>,
    /// The file to write: NetCDF, or a table if it ends in .csv.
    #[arg(short, long)]
    pub output: PathBuf,
    /// The seed of fields at new places; the one of the fit if absent.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Number of threads; all cores if absent.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Print errors only.
    #[arg(short, long)]
    pub quiet: bool,
}

/// Arguments of `simulate`.
///
/// location + slope · (gmst − its mean) + a shift of the year; fields over the stations are Matérn
/// 3/2 in degrees. An amplitude of 0 makes a parameter the same everywhere.
#[derive(Debug, clap::Args)]
pub struct Simulate {
    /// The file to write: NetCDF, or a table if it ends in .csv.
    #[arg(short, long)]
    pub output: PathBuf,
    /// The seed.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Number of stations.
    #[arg(long, default_value_t = 40)]
    pub stations: usize,
    /// First and last year.
    #[arg(long, default_value = "1985:2024")]
    pub years: String,
    /// West and east end of the box of the stations, in degrees.
    #[arg(long, default_value = "-9:3", allow_hyphen_values = true)]
    pub lon: String,
    /// South and north end of the box of the stations, in degrees.
    #[arg(long, default_value = "36:44", allow_hyphen_values = true)]
    pub lat: String,
    /// Rise of the global temperature, in K a year.
    #[arg(long, default_value_t = 0.02, allow_negative_numbers = true)]
    pub warming: f64,
    /// Standard deviation of the noise of the global temperature, in K.
    #[arg(long, default_value_t = 0.1)]
    pub gmst_sd: f64,
    /// Its correlation from year to year.
    #[arg(long, default_value_t = 0.5, allow_negative_numbers = true)]
    pub gmst_correlation: f64,
    /// Mean of the location.
    #[arg(long, default_value_t = 35.0, allow_negative_numbers = true)]
    pub location: f64,
    /// Amplitude of its field.
    #[arg(long, default_value_t = 2.0)]
    pub location_amplitude: f64,
    /// Lengthscale of its field.
    #[arg(long, default_value_t = 2.0)]
    pub location_lengthscale: f64,
    /// Mean of the rise of the location with the global temperature.
    #[arg(long, default_value_t = 1.2, allow_negative_numbers = true)]
    pub slope: f64,
    /// Amplitude of its field.
    #[arg(long, default_value_t = 0.5)]
    pub slope_amplitude: f64,
    /// Lengthscale of its field.
    #[arg(long, default_value_t = 3.0)]
    pub slope_lengthscale: f64,
    /// Median of the scale.
    #[arg(long, default_value_t = 1.8)]
    pub scale: f64,
    /// Amplitude of the field of its logarithm.
    #[arg(long, default_value_t = 0.0)]
    pub scale_amplitude: f64,
    /// Lengthscale of that field.
    #[arg(long, default_value_t = 3.0)]
    pub scale_lengthscale: f64,
    /// Median of the shape, above 0 for a heavy tail.
    #[arg(long, default_value_t = 0.12, allow_negative_numbers = true)]
    pub shape: f64,
    /// Amplitude of the field g in shape = 0.5 tanh(x + g).
    #[arg(long, default_value_t = 0.0)]
    pub shape_amplitude: f64,
    /// Lengthscale of that field.
    #[arg(long, default_value_t = 3.0)]
    pub shape_lengthscale: f64,
    /// Amplitude of the shift of the location from year to year.
    #[arg(long, default_value_t = 0.0)]
    pub year_amplitude: f64,
    /// Its lengthscale, in years.
    #[arg(long, default_value_t = 5.0)]
    pub year_lengthscale: f64,
    /// Print errors only.
    #[arg(short, long)]
    pub quiet: bool,
}

/// Arguments of `block-maxima`.
#[derive(Debug, clap::Args)]
pub struct BlockMaxima {
    /// A CSV table or NetCDF file with a series, such as daily values.
    pub data: PathBuf,
    /// The column or variable whose maxima are wanted.
    #[arg(long)]
    pub response: String,
    /// The column or variable of the times.
    #[arg(long, default_value = "time")]
    pub time: String,
    /// Where there are several series, the coordinates that tell them apart: `--by lon,lat` for
    /// stations, `--by lat --by lon` for a grid.
    #[arg(long)]
    pub by: Vec<String>,
    /// The share of a year's values that must be there; a year with less is missing.
    #[arg(long, default_value_t = 0.9)]
    pub coverage: f64,
    /// How many values of each year, the largest first, along an axis `order`: data for the
    /// likelihood r_largest.
    #[arg(long, default_value_t = 1)]
    pub largest: usize,
    /// How far apart two of them must be, in steps of the series (days of daily values, whether the
    /// file has them or not): those of one heat wave are one event. Needed with --largest.
    #[arg(long)]
    pub apart: Option<usize>,
    /// The month with which a year begins. From July on it has the number of the next year.
    #[arg(long, default_value_t = 1)]
    pub begins: u32,
    /// The file to write: NetCDF, or a table if it ends in .csv.
    #[arg(short, long)]
    pub output: PathBuf,
    /// Print errors only.
    #[arg(short, long)]
    pub quiet: bool,
}

/// Arguments of the lists.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
