//! Pictures of a fit.

use anyhow::{Context, bail};
use gridgp::dist::{Distribution, Normal};
use gridgp::model::Model;
use gridgp::posterior::{Conditional, Moments};
use gridgp_plot::{Calibration, Densities, Figure, Loss, Marginal, PriorPlot, Quantity, Style};

use super::cube::Cube;
use super::source::Fitted;
use crate::args::Plot;
use crate::commands::check_size;

/// Draws from the prior that can be told apart.
const DRAWS: usize = 12;

/// Kernels and functions at draws from the prior.
pub fn prior(model: &Model, seed: u64, style: &Style) -> anyhow::Result<Figure> {
    Ok(PriorPlot::of(model, DRAWS, seed)?.draw(style)?)
}

impl Fitted {
    /// The draws of a parameter.
    fn draws(&self, name: &str) -> anyhow::Result<&[f64]> {
        let found = self.file.parameters.iter().find(|(n, _)| n == name);
        found
            .map(|(_, draws)| draws.as_slice())
            .with_context(|| format!("the fit has no value of {name:?}: the file is damaged"))
    }

    fn moments(&self) -> anyhow::Result<Moments> {
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
        check_size(&self.model.data, 1)?;
        let conditional = Conditional::new(&self.model, &theta)?;
        Ok(conditional.on_grid(&conditional.here())?)
    }

    /// `data`, `mean`, `sd`, `sd_observation` or `residual` on the grid of the data.
    pub fn cube(&self, variable: &str) -> anyhow::Result<Cube> {
        let mut cube = Cube::of(self.model.data.clone());
        let name = cube.quantity.name.clone();
        if variable == "data" || variable == self.model.data.response.name {
            return Ok(cube);
        }
        if !["mean", "sd", "sd_observation", "residual"].contains(&variable) {
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
                cube.values.iter_mut().zip(&moments.mean).for_each(|(y, m)| *y -= m);
                cube.quantity.name = format!("{name} − mean");
            }
        }
        Ok(cube)
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
                chains: if one { vec![] } else { vec![draws.to_vec()] },
                estimate: one.then(|| draws[0]),
            });
        }
        Ok(Densities { parameters, notes: vec![] }.draw(style)?)
    }

    /// The probabilities of being below each observation.
    pub fn calibration(&self) -> anyhow::Result<Calibration> {
        if self.model.gaussian().is_none() {
            bail!("pit and qq are drawn of fits with a Gaussian likelihood so far");
        }
        let moments = self.moments()?;
        let standard = Normal::new(0.0, 1.0).map_err(anyhow::Error::msg)?;
        let data = Cube::of(self.model.data.clone());
        let spread = moments.mean.iter().zip(&moments.sd_observation);
        let pit = data.values.iter().zip(spread).map(|(y, (m, s))| standard.cdf((y - m) / s));
        let notes = vec![
            "the observations were part of the fit, so predictions look wider than they are"
                .to_owned(),
        ];
        Ok(Calibration { pit: pit.collect(), notes })
    }

    /// What the optimizer made smaller, where the fit kept it.
    pub fn loss(&self, style: &Style) -> anyhow::Result<Figure> {
        let summary: serde_json::Value = serde_json::from_str(&self.file.summary)
            .context("the summary of the fit is damaged")?;
        let values = summary["loss"].as_array().with_context(|| {
            format!("a fit by {:?} keeps no loss by iteration", self.file.method)
        })?;
        let values = values.iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect();
        Ok(Loss { name: "loss".into(), values }.draw(style)?)
    }
}
