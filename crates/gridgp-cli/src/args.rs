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
    /// Show what a fit found.
    Summary(Summary),
    /// Predict from a fit, on a grid or at points.
    Predict(Predict),
    /// Draw data, a fit or a prediction.
    Plot(Plot),
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
}

/// Arguments of `fit`.
#[derive(Debug, clap::Args)]
pub struct Fit {
    /// The model file.
    pub model: PathBuf,
    /// The fit file to write (NetCDF-4).
    #[arg(short, long)]
    pub output: PathBuf,
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

/// Arguments of `summary`.
#[derive(Debug, clap::Args)]
pub struct Summary {
    /// A fit file.
    pub fit: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `predict`.
#[derive(Debug, clap::Args)]
pub struct Predict {
    /// A fit file.
    pub fit: PathBuf,
    /// Where: a CSV table of points, a NetCDF file whose coordinates are the new grid, or axes
    /// such as `x=0:5:101,y=2` (start:stop:count, both ends included). Axes that are not named
    /// keep the points of the data. The grid of the data if absent.
    #[arg(long)]
    pub at: Option<String>,
    /// The file to write: NetCDF, or a table if it ends in .csv.
    #[arg(short, long)]
    pub output: PathBuf,
    /// Quantiles of a new observation, between 0 and 1.
    #[arg(long, value_delimiter = ',', default_values_t = [0.05, 0.5, 0.95])]
    pub quantiles: Vec<f64>,
    /// Number of joint draws of the location to write as well.
    #[arg(long, default_value_t = 0)]
    pub draws: usize,
    /// The seed of the draws; the one of the fit if absent.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Only these quantities of a fit by draws: mean, observation, a parameter of the likelihood, a
    /// field.
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
    /// Number of threads; all cores if absent.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Print errors only.
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
}

/// Arguments of `plot`.
#[derive(Debug, clap::Args)]
pub struct Plot {
    /// Data (CSV, NetCDF), a fit, a prediction, a file of draws, or a model file for `prior`.
    pub file: PathBuf,
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
    /// Keep one point of an axis, by its value, `year=1983`, `time=2019-03-05`. May be repeated.
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

/// Arguments of the lists.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
