//! Pictures of a fit.

use std::f64::consts::TAU;

use anyhow::{Context, bail};
use gridgp_dist::{Distribution, Normal};
use gridgp_fit::{DrawValues, Fit};
use gridgp_model::Model;
use gridgp_plot::{Calibration, Densities, Figure, Loss, Marginal, PriorPlot, Quantity, Style};
use gridgp_posterior::{
    Conditional, ForecastOptions, Moments, Place, Quantity as Prediction, Target, forecast,
};

use super::cube::Cube;
use super::source::{Fitted, OF_FIT};
use crate::args::Plot;

/// Draws of the posterior that are enough for a picture of means and spreads.
const ENOUGH: usize = 400;

/// Draws from the prior that can be told apart.
const DRAWS: usize = 12;

/// Kernels and functions at draws from the prior.
pub fn prior(model: &Model, seed: u64, style: &Style) -> anyhow::Result<Figure> {
    Ok(PriorPlot::of(model, DRAWS, seed)?.draw(style)?)
}

impl Fitted {
    /// The draws of a parameter.
    pub fn draws(&self, name: &str) -> anyhow::Result<&[f64]> {
        self.file
            .parameter(name)
            .with_context(|| format!("the fit has no value of {name:?}: the file is damaged"))
    }

    /// Mean and spread on the grid of the data.
    pub fn moments(&self) -> anyhow::Result<Moments> {
        if self.file.samples().is_some() {
            let mut made = self.predictions(&["mean", "observation"], false)?;
            let observation = made.pop().expect("two were asked for");
            let mean = made.pop().expect("two were asked for");
            return Ok(Moments { mean: mean.mean, sd: mean.sd, sd_observation: observation.sd });
        }
        let theta: Vec<f64> = self
            .model
            .parameters
            .iter()
            .map(|p| match self.draws(&p.name)? {
                [one] => Ok(*one),
                many => bail!(
                    "this fit has {} draws of {:?}; draw what `gridgp predict` makes of them",
                    many.len(),
                    p.name
                ),
            })
            .collect::<anyhow::Result<_>>()?;
        let conditional = Conditional::new(&self.model, &theta)?;
        Ok(conditional.on_grid(&conditional.here())?)
    }

    /// What some of the draws say on the grid of the data.
    pub fn predictions(&self, only: &[&str], keep: bool) -> anyhow::Result<Vec<Prediction>> {
        let samples = self.file.samples().context("the fit has no draws")?.thinned(ENOUGH);
        let place = Place { grid: self.model.data.grid.clone(), covariates: vec![] };
        let options = ForecastOptions {
            only: only.iter().map(|&name| name.to_owned()).collect(),
            keep_draws: if keep { samples.len() } else { 0 },
            seed: self.file.seed,
            ..ForecastOptions::default()
        };
        Ok(forecast(&self.model, &samples, &Target::Grid(&place), &options)?)
    }

    /// `data`, `mean`, `sd`, `sd_observation` or `residual` on the grid of the data.
    pub fn cube(&self, variable: &str) -> anyhow::Result<Cube> {
        let mut cube = Cube::of(self.model.data.clone());
        let name = cube.quantity.name.clone();
        if !OF_FIT.contains(&variable) {
            // A response called `mean` is drawn as data.
            if variable == "data" || variable == self.model.data.response.name {
                return Ok(cube);
            }
            bail!(
                "a fit has no variable {variable:?}; it has data, mean, sd, sd_observation and \
                 residual"
            );
        }
        let moments = self.moments()?;
        match variable {
            "mean" => {
                cube.values = moments.mean;
                cube.quantity.name = format!("mean of {name}");
            }
            "sd" => {
                cube.values = moments.sd;
                cube.quantity.name = format!("sd of the location of {name}");
            }
            "sd_observation" => {
                cube.values = moments.sd_observation;
                cube.quantity.name = format!("sd of a new observation of {name}");
            }
            _ => {
                let around = self.around();
                cube.values.iter_mut().zip(&moments.mean).for_each(|(y, m)| *y = around(*y - m));
                cube.quantity.name = format!("{name} − mean");
            }
        }
        Ok(cube)
    }

    /// What a difference of responses is: of angles, the one within half a turn.
    pub fn around(&self) -> impl Fn(f64) -> f64 + use<> {
        let turn = if self.model.family.is_angle() { TAU } else { f64::INFINITY };
        move |d| if d.abs() > 0.5 * turn { d - turn * (d / turn).round() } else { d }
    }

    /// Prior against posterior.
    pub fn densities(&self, args: &Plot, style: &Style) -> anyhow::Result<Figure> {
        let known: Vec<&str> = self.model.parameters.iter().map(|p| p.name.as_str()).collect();
        if let Some(odd) = args.parameters.iter().find(|p| !known.contains(&p.as_str())) {
            bail!("--parameters: there is no {odd:?}; the parameters are {}", known.join(", "));
        }
        let mut parameters = Vec::new();
        for p in &self.model.parameters {
            if !args.parameters.is_empty() && !args.parameters.contains(&p.name) {
                continue;
            }
            let draws = self.draws(&p.name)?;
            let one = draws.len() == 1;
            parameters.push(Marginal {
                quantity: Quantity::new(p.name.as_str(), p.unit.as_deref()),
                prior: Some(p.prior),
                chains: if one { vec![] } else { chains(&self.file, draws) },
                estimate: one.then(|| draws[0]),
            });
        }
        Ok(Densities { parameters, notes: vec![] }.draw(style)?)
    }

    /// The probabilities of being below each observation.
    pub fn calibration(&self) -> anyhow::Result<Calibration> {
        let notes = vec![
            "the observations were part of the fit, so predictions look wider than they are"
                .to_owned(),
        ];
        if self.file.samples().is_some() {
            let made = self.predictions(&["observation"], true)?;
            let draws = &made[0].draws;
            let y = &self.model.data.response;
            let around = self.around();
            // Only angles have to be seen from a direction; a mean may be infinite.
            let is_angle = self.model.family.is_angle();
            let center = |c: usize| if is_angle { made[0].mean[c] } else { 0.0 };
            let cells = y.values.len();
            let missing = y.missing_cells();
            let pit = (0..cells).filter(|c| missing.binary_search(c).is_err()).map(|c| {
                let all = draws.iter().skip(c).step_by(cells);
                // Halves for ties: the mid-distribution of whole numbers.
                let below: f64 = all
                    .map(|d| {
                        match around(d - center(c)).total_cmp(&around(y.values[c] - center(c))) {
                            std::cmp::Ordering::Less => 1.0,
                            std::cmp::Ordering::Equal => 0.5,
                            std::cmp::Ordering::Greater => 0.0,
                        }
                    })
                    .sum();
                (below + 0.5) / (draws.len() as f64 / cells as f64 + 1.0)
            });
            return Ok(Calibration { pit: pit.collect(), notes });
        }
        let moments = self.moments()?;
        let standard = Normal::new(0.0, 1.0).map_err(anyhow::Error::msg)?;
        let data = Cube::of(self.model.data.clone());
        let spread = moments.mean.iter().zip(&moments.sd_observation);
        let pit = data.values.iter().zip(spread).map(|(y, (m, s))| standard.cdf((y - m) / s));
        Ok(Calibration { pit: pit.collect(), notes })
    }

    /// What the optimizer made smaller, where the fit kept it.
    pub fn loss(&self, style: &Style) -> anyhow::Result<Figure> {
        let elbo = self.file.group("optimization").and_then(|g| g.variable("elbo"));
        let Some(DrawValues::Numbers(elbo)) = elbo.map(|v| &v.values) else {
            bail!("a fit by {:?} keeps no loss by step", self.file.method);
        };
        let values = elbo.iter().map(|v| -v).collect();
        Ok(Loss { name: "negative ELBO".into(), values }.draw(style)?)
    }
}

/// The draws of a parameter, one chain after the other.
pub fn chains(file: &Fit, draws: &[f64]) -> Vec<Vec<f64>> {
    let shape = file.group("posterior").and_then(|g| g.samples);
    draws.chunks(shape.map_or(draws.len(), |s| s.draws).max(1)).map(<[f64]>::to_vec).collect()
}
