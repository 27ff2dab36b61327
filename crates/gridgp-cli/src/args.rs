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

/// Arguments of the lists.
#[derive(Debug, clap::Args)]
pub struct List {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
