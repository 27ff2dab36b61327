//! Developer commands, `cargo xtask VERB`. One file a verb.

mod arviz;
mod bench;
mod browser;
mod calibration;
mod counts;
mod coverage;
mod docs;
mod elnino;
mod examples;
mod fuzz;
mod gallery;
mod kill;
mod oracles;
mod peers;
mod program;
mod python;
mod random;
mod sampling;
mod spain;
mod stations;
mod table;
mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "cargo xtask VERB
  elnino          fit, prediction and summary of examples/elnino
  test            everything: format, lints, tests, documentation, examples
  examples [NAME] run the examples, or one of them, through the gridgp binary
  docs            documentation: builds without a warning, links lead somewhere, schema is current
  arviz           ArviZ from PyPI opens a file of draws and agrees
  browser         reports of examples in a headless Chromium: no error, no request, all works
  python [ARG …]  the Python package: wheel, virtual environment, pytest with these arguments
  python --peers [--torch]
                  its kernels and pages beside PyMC and JAX, with --torch (5 GB) GPyTorch; slow
  wheel           its release wheel, in target/wheels
  fuzz [N]        N (1000) files changed at random, each given to the program within limits
  gallery         the pictures of docs/gallery; with --compare those of docs/compare, beside
                  ArviZ and cartopy from PyPI
  oracles         only the tests that compare with ../shared/oracles, with their output
  spain           examples/spain by NUTS and SVI against the posterior of another program; slow
  coverage [N]    how often 90 % intervals hold the truth, over N (100) simulated data sets; slow
  stations [N …]  time and memory of examples/spain with N (40, 400 and 4000) stations; slow
  counts [N]      time and memory of NUTS on N x N (100) Poisson counts; minutes; with --days
                  N (20,000) counts along one axis, and a forecast
  bench [TEXT]    time and memory of the marginal likelihood, of the problems whose name has TEXT
  kill [N [SEED]] N (200) runs that are killed, interrupted or out of disk at random times
  sampling        the tests of sampling that take minutes
  calibration [N] simulation-based calibration of sampling, N replications (400); minutes
  peers [TEXT]    the same beside programs in Python, with ratios; fits and operators too, or with
                  TEXT `fit` or `operators` alone; --torch at the end installs PyTorch (5 GB) for
                  GPyTorch's linear_operator; with TEXT `nuts` effective draws per second beside
                  PyMC with nutpie and NumPyro (an hour; PEER_DRAWS=200 gives the peers fewer);
                  with TEXT `svi` variational inference and NUTS of examples/spain beside NumPyro;
                  with TEXT `series` long series beside celerite2, tinygp and statsmodels;
                  with TEXT `masked` grids with missing cells beside BoTorch's latent Kronecker GP;
                  with TEXT `laplace` counts on grids beside TMB and mgcv, in R";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["elnino"] => elnino::run(),
        ["test"] => test::run(),
        ["examples"] => examples::run(None),
        ["examples", name] => examples::run(Some(name)),
        ["docs"] => docs::run(),
        ["arviz"] => arviz::run(),
        ["python", "--peers"] => python::peers(false),
        ["python", "--peers", "--torch"] => python::peers(true),
        ["python", rest @ ..] => python::run(rest),
        ["wheel"] => python::wheel(),
        ["gallery"] => gallery::run(),
        ["gallery", "--compare"] => gallery::compare(),
        ["oracles"] => oracles::run(),
        ["spain"] => spain::run(),
        ["coverage"] => coverage::run(100),
        ["coverage", count] => coverage::run(count.parse()?),
        ["counts", "--days"] => counts::days(20_000),
        ["counts", "--days", n] => counts::days(n.parse()?),
        ["counts"] => counts::run(100),
        ["counts", n] => counts::run(n.parse()?),
        ["stations"] => stations::run(&["40", "400", "4000"]),
        ["stations", counts @ ..] => stations::run(counts),
        ["browser"] => browser::run(),
        ["fuzz"] => fuzz::run(1000),
        ["fuzz", count] => fuzz::run(count.parse()?),
        ["bench"] => bench::run(""),
        ["bench", text] => bench::run(text),
        ["kill"] => kill::run(200, 0),
        ["kill", count] => kill::run(count.parse()?, 0),
        ["kill", count, seed] => kill::run(count.parse()?, seed.parse()?),
        ["sampling"] => sampling::run(),
        ["calibration"] => calibration::run("400"),
        ["calibration", count] => calibration::run(count),
        ["peers"] => peers::run("", false),
        ["peers", "--torch"] => peers::run("", true),
        ["peers", text] => peers::run(text, false),
        ["peers", text, "--torch"] => peers::run(text, true),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        other => bail!("unknown: {}\n{USAGE}", other.join(" ")),
    }
}

/// The repository.
fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().expect("xtask lies in the repository").to_owned()
}

/// Data and reference numbers beside the repository, which not everybody has.
fn shared() -> PathBuf {
    root().join("../shared")
}
