//! An approximation beside a short `nuts`.

use gridgp_density::Samples;
use gridgp_diagnostics::{Statistics, statistics};
use gridgp_infer::{checking_model, checking_plan, sample};
use gridgp_model::Model;
use gridgp_posterior::{Unfolded, unfold};
use serde_json::{Map, Value, json};

use crate::{Host, Result, Stage};

/// Differences of means, in standard deviations, and of standard deviations, as a share, that are worth a
/// warning where they are beyond three standard errors as well.
const FAR: f64 = 0.1;
const OTHER: f64 = 0.07;
/// Above it chains have not seen the same posterior.
const R_HAT: f64 = 1.05;

/// One quantity by both, in standard deviations of `nuts`.
struct Beside {
    difference: f64,
    /// Standard errors of the difference and of the ratio, of `nuts` alone.
    error: f64,
    ratio: f64,
    ratio_error: f64,
    r_hat: f64,
}

impl Beside {
    fn new(ours: &[f64], theirs: &Statistics) -> Self {
        let n = ours.len() as f64;
        let mean = ours.iter().sum::<f64>() / n;
        let variance = ours.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        Self {
            difference: (mean - theirs.mean) / theirs.sd,
            error: theirs.mcse_mean / theirs.sd,
            ratio: variance.sqrt() / theirs.sd,
            ratio_error: theirs.mcse_sd / theirs.sd,
            r_hat: theirs.r_hat,
        }
    }

    fn json(&self) -> Value {
        json!({
            "difference": self.difference,
            "standard_error": self.error,
            "sd_ratio": self.ratio,
            "sd_ratio_standard_error": self.ratio_error,
            "r_hat": self.r_hat,
        })
    }
}

/// What a short `nuts` from draws of an approximation says of each parameter and field, and what is worth a
/// warning.
pub(super) fn compare(
    model: &Model,
    draws: &Samples,
    host: &dyn Host,
) -> Result<(Value, Vec<String>)> {
    let checking = checking_model(model);
    let plan = checking_plan(&checking, draws)?;
    let _ = host.observe(&Stage::Planned(&plan));
    let sampled = sample(&checking, &plan, None, &|event| host.observe(&Stage::Chain(event)))?;
    let of = |samples| unfold(model, samples, true, false);
    let (ours, theirs) = (of(draws)?, of(&sampled.samples)?);
    let mut doubts = Vec::new();
    let parameters = parameters(model, &ours, &theirs, sampled.samples.chains, &mut doubts);
    let fields = fields(model, draws, &sampled.samples, &ours, &theirs, &mut doubts);
    let found = json!({
        "chains": sampled.samples.chains,
        "draws": sampled.samples.draws,
        "divergences": sampled.draws.divergences(),
        "parameters": parameters,
        "fields": fields,
    });
    Ok((found, doubts))
}

fn parameters(
    model: &Model,
    ours: &Unfolded,
    theirs: &Unfolded,
    chains: usize,
    doubts: &mut Vec<String>,
) -> Map<String, Value> {
    let mut out = Map::new();
    for ((p, ours), theirs) in model.parameters.iter().zip(&ours.parameters).zip(&theirs.parameters)
    {
        let parts: Vec<&[f64]> = theirs.chunks_exact(theirs.len() / chains).collect();
        let found = Beside::new(ours, &statistics(&parts));
        let Beside { difference, error, ratio, ratio_error, r_hat } = found;
        if r_hat > R_HAT {
            doubts.push(format!(
                "the short nuts beside laplace has R-hat {r_hat:.2} for {}: raise check before you compare",
                p.name
            ));
        } else if difference.abs() > FAR + 3.0 * error
            || (ratio - 1.0).abs() > OTHER + 3.0 * ratio_error
        {
            doubts.push(format!(
                "nuts has another posterior of {}: laplace's mean is {difference:+.2} standard deviations \
                 off, with {ratio:.2} times the standard deviation; use nuts",
                p.name
            ));
        }
        out.insert(p.name.clone(), found.json());
    }
    out
}

fn fields(
    model: &Model,
    draws: &Samples,
    sampled: &Samples,
    ours: &Unfolded,
    theirs: &Unfolded,
    doubts: &mut Vec<String>,
) -> Map<String, Value> {
    let mut out = Map::new();
    for ((f, ours), theirs) in model.fields.iter().zip(&ours.fields).zip(&theirs.fields) {
        let cells = ours.len() / draws.len();
        let column = |all: &[f64], cell: usize| -> Vec<f64> {
            all.iter().skip(cell).step_by(cells).copied().collect()
        };
        let all: Vec<Beside> = (0..cells)
            .map(|cell| {
                let theirs = column(theirs, cell);
                let parts: Vec<&[f64]> = theirs.chunks_exact(sampled.draws).collect();
                Beside::new(&column(ours, cell), &statistics(&parts))
            })
            .collect();
        let mean = |of: &dyn Fn(&Beside) -> f64| all.iter().map(of).sum::<f64>() / cells as f64;
        // What both runs err by is in the differences.
        let noise = mean(&|b| b.error * b.error) + 1.0 / draws.len() as f64;
        let square = mean(&|b| b.difference * b.difference) - noise;
        let (ratio, r_hat) = (mean(&|b| b.ratio), mean(&|b| b.r_hat));
        let ratio_error = mean(&|b| b.ratio_error);
        let rms = square.max(0.0).sqrt();
        if r_hat > R_HAT {
            doubts.push(format!(
                "the short nuts beside laplace has R-hat {r_hat:.2} for the cells of {}: raise check before \
                 you compare",
                f.name
            ));
        } else if rms > FAR || (ratio - 1.0).abs() > OTHER + ratio_error {
            doubts.push(format!(
                "nuts has other values of the field {}: laplace's means are {rms:.2} standard deviations off \
                 (rms of its cells), with {ratio:.2} times the standard deviation; use nuts",
                f.name
            ));
        }
        out.insert(
            f.name.clone(),
            json!({ "rms_difference": rms, "sd_ratio": ratio, "r_hat": r_hat }),
        );
    }
    out
}
