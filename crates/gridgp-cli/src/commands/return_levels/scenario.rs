//! `--scenario NAME:covariate=value,…`, in the units of the data.

use anyhow::{Context, bail};
use gridgp_fit::Scaling;
use gridgp_model::Model;

/// Values of some covariates, everywhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    pub name: String,
    /// Positions among the covariates of the model, with the values that the model sees.
    pub values: Vec<(usize, f64)>,
}

impl Scenario {
    /// The value of a covariate, if the scenario gives it.
    pub fn value(&self, covariate: usize) -> Option<f64> {
        self.values.iter().find(|(c, _)| *c == covariate).map(|(_, v)| *v)
    }
}

/// Reads the scenarios.
pub fn parse(
    texts: &[String],
    model: &Model,
    scalings: &[Scaling],
) -> anyhow::Result<Vec<Scenario>> {
    let mut scenarios: Vec<Scenario> = Vec::new();
    for text in texts {
        let scenario = one(text, model, scalings).with_context(|| format!("--scenario {text}"))?;
        if let Some(first) = scenarios.first() {
            let set = |s: &Scenario| {
                let mut set: Vec<usize> = s.values.iter().map(|(c, _)| *c).collect();
                set.sort_unstable();
                set
            };
            if set(first) != set(&scenario) {
                bail!(
                    "--scenario {text}: the scenarios give values to different covariates; give \
                     every one the covariates of {:?}",
                    first.name
                );
            }
        }
        if scenarios.iter().any(|s| s.name == scenario.name) {
            bail!("--scenario {text}: there are two scenarios called {:?}", scenario.name);
        }
        scenarios.push(scenario);
    }
    Ok(scenarios)
}

fn one(text: &str, model: &Model, scalings: &[Scaling]) -> anyhow::Result<Scenario> {
    let (name, values) = text
        .split_once(':')
        .filter(|(name, _)| !name.trim().is_empty())
        .context("it is not of the form NAME:covariate=value, such as now:gmst=1.2")?;
    let used = model.used_covariates();
    let known: Vec<&str> = used.iter().map(|&c| model.data.covariates[c].name.as_str()).collect();
    let mut scenario = Scenario { name: name.trim().to_owned(), values: Vec::new() };
    for part in values.split(',') {
        let (covariate, value) = part
            .split_once('=')
            .with_context(|| format!("{part:?} is not of the form covariate=value"))?;
        let covariate = covariate.trim();
        let Some(&c) = used.iter().find(|&&c| model.data.covariates[c].name == covariate) else {
            bail!(
                "the model has no covariate {covariate:?}; {}",
                if known.is_empty() {
                    "it has none".into()
                } else {
                    format!("it has {}", known.join(", "))
                }
            );
        };
        let value: f64 =
            value.trim().parse().ok().filter(|v: &f64| v.is_finite()).with_context(|| {
                format!("{:?} is not a number, the value of {covariate:?}", value.trim())
            })?;
        if scenario.value(c).is_some() {
            bail!("{covariate:?} has two values");
        }
        let mut value = [value];
        scalings[c].apply(&mut value);
        scenario.values.push((c, value[0]));
    }
    Ok(scenario)
}

/// The axes along which nothing varies but what the scenarios give, and that of the values of a
/// block, whose largest the levels are of: they have one point.
pub fn collapsed(model: &Model, scenarios: &[Scenario]) -> Vec<bool> {
    let used = model.used_covariates();
    let along = |c: usize, axis: usize| model.data.covariates[c].axes.contains(&axis);
    (0..model.data.grid.axes().len())
        .map(|axis| {
            if model.descending_axis() == Some(axis) {
                return true;
            }
            let Some(first) = scenarios.first() else { return false };
            let given = used.iter().any(|&c| first.value(c).is_some() && along(c, axis));
            let other = used.iter().any(|&c| first.value(c).is_none() && along(c, axis));
            given && !other && model.fields.iter().all(|f| !f.varies_along(axis))
        })
        .collect()
}
