//! New data for a fit, at the parameters that it has.

use gridgp_density::{Marginal, Samples};
use gridgp_grid::{Dataset, Error as GridError, Merged};
use gridgp_infer::{draws_fields, fields_given};
use gridgp_model::Model;
use gridgp_posterior::unfold;
use serde_json::{Value, json};

use crate::{
    Error, Fit, Fitted, Host, LARGEST_GROUP, Result, Scaling, common, draw_groups, estimate,
};

/// How many standard deviations the mean squared surprise of new observations may be above 1.
const SURPRISING: f64 = 6.0;
/// And how far above that of the old ones.
const FAR: f64 = 1.5;
/// Draws whose log densities stand for all.
const FEW: usize = 20;

/// Conditions a fit on `newer` data too, at its own parameters: nothing is fitted.
///
/// `model` is the model of the fit with its data, `scalings` what was done to the covariates of
/// `newer`. New data may come before, between or after those that are there, and fill gaps
/// ([`Dataset::merge`]). What comes back is a fit that predicts from all data; its summary says that it
/// was updated, by how much, and how well the parameters foresaw the new observations, and warns where
/// they did not. The draws of a fit by draws keep their parameters, and each has its field drawn anew.
///
/// # Errors
/// The new data do not go with those of the fit; the model's fields cannot be integrated out; something
/// of the model, a standardized response or a mean that is taken out, would change with the data.
pub fn update(
    fit: &Fit,
    model: &Model,
    newer: &Dataset,
    scalings: &[Scaling],
    host: &dyn Host,
) -> Result<Fitted> {
    let refuse = |why: String| Error::Model(GridError::Spec(why));
    if fit.method == "prior" {
        return Err(refuse(
            "these are draws of the prior, which no data have changed: fit them".into(),
        ));
    }
    if model.gaussian_parts().is_none() || Marginal::new(model).is_err() {
        return Err(refuse(
            "an update conditions on new data with the fields integrated out, which needs \
             family = \"gaussian\" with fields in its location; fit again with all data"
                .into(),
        ));
    }
    if model.spec.data.standardize {
        return Err(refuse(
            "the response is standardized by mean and standard deviation of the fit's data, which new \
             data would move, and the parameters with them; fit again with all data, or without \
             data.standardize"
                .into(),
        ));
    }
    let newer = rescaled(newer, scalings, &fit.scalings);
    let merged = model.data.merge(&newer)?;
    let grown = Model::new(model.spec.clone(), &fit.source, merged.data.clone())?;
    check_same(model, &grown, &merged)?;
    let (bytes, what) = gridgp_infer::memory(&grown);
    host.admit(bytes, &what).map_err(Error::Memory)?;
    let mut summary: Value = serde_json::from_str(&fit.summary).unwrap_or_else(|_| json!({}));
    let (groups, surprise) = match fit.samples() {
        None => {
            let theta = estimate(fit, model)?;
            (fit.groups.clone(), surprise(model, &grown, &[theta])?)
        }
        Some(samples) => {
            if !draws_fields(&grown) {
                return Err(refuse(
                    "each draw of a fit by draws has its field drawn anew, which needs one field, \
                     covariates along one axis each, and the same noise in every cell; update a fit by \
                     method = \"map\", or fit again with all data"
                        .into(),
                ));
            }
            draws(model, &grown, fit, &samples)?
        }
    };
    let added = merged.fresh.len();
    describe(&mut summary, model, &grown, &surprise, &merged, fit, host.seconds());
    if !summary["warnings"].is_array() {
        summary["warnings"] = json!([]);
    }
    let warnings = summary["warnings"].as_array_mut().expect("it is one");
    warnings.extend(lacking(&merged).map(Value::from));
    warnings.extend(surprise.doubt(added).map(Value::from));
    let fit = Fit {
        version: env!("CARGO_PKG_VERSION").into(),
        data: grown.data.clone(),
        groups,
        summary: format!("{summary:#}"),
        ..fit.clone()
    };
    Ok(Fitted { fit, summary, interrupted: false })
}

/// A warning where newer data repeat observations of the fit and lack others.
fn lacking(merged: &Merged) -> Option<String> {
    let &first = merged.kept.first()?;
    Some(format!(
        "the new data repeat observations of the fit and lack {} of them, the first at {}: those are kept; \
         if they were withdrawn, fit again",
        merged.kept.len(),
        merged.data.grid.describe(first)
    ))
}

/// Covariates as those of the fit are.
fn rescaled(newer: &Dataset, own: &[Scaling], wanted: &[Scaling]) -> Dataset {
    let mut newer = newer.clone();
    for ((c, own), wanted) in newer.covariates.iter_mut().zip(own).zip(wanted) {
        for v in &mut c.values {
            *v = (*v * own.scale + own.center - wanted.center) / wanted.scale;
        }
    }
    newer
}

/// Refuses what would be another model with more data.
fn check_same(model: &Model, grown: &Model, merged: &Merged) -> Result<()> {
    for (field, other) in model.fields.iter().zip(&grown.fields) {
        if let Some(plane) = &field.plane
            && let Some(a) = plane.axes.into_iter().find(|&a| merged.added[a] > 0)
        {
            return Err(Error::Model(GridError::Spec(format!(
                "the field {:?} is made on the points of the grid, which has more of them along {:?} now; \
                 fit again with all data",
                field.name,
                model.data.grid.axes()[a].name()
            ))));
        }
        for (a, (k, l)) in field.axes.iter().zip(&other.axes).enumerate() {
            let (Some(k), Some(l)) = (k, l) else { continue };
            let axis = model.data.grid.axes()[a].name();
            let why = if k.center && merged.added[a] > 0 {
                "its mean over the points of the data is taken out (center), and those are more now"
            } else if k.kernel != l.kernel {
                "what the kernel is made of comes from the data"
            } else {
                continue;
            };
            return Err(Error::Model(GridError::Spec(format!(
                "the field {:?} would be another along {axis:?}: {why}; fit again with all data",
                field.name
            ))));
        }
    }
    Ok(())
}

/// How well given parameters foresaw new observations.
struct Surprise {
    /// log p of the old observations, for each.
    before: f64,
    /// log p of the new ones given the old ones, for each.
    after: f64,
    /// The mean square of the standardized errors of the new ones, each predicted from all before it.
    square: f64,
    /// The same of the old ones.
    square_before: f64,
    /// log p of all observations.
    log_prob: f64,
    /// log p of the old ones.
    log_prob_before: f64,
}

impl Surprise {
    fn doubt(&self, added: usize) -> Option<String> {
        let allowed = 1.0 + SURPRISING * (2.0 / added as f64).sqrt();
        (self.square > allowed && self.square > FAR * self.square_before).then(|| {
            format!(
                "the new observations are not what the parameters let expect: their standardized \
                 errors, each predicted from all before it, have a mean square of {:.2} where the fit's \
                 own have {:.2} (log density for each {:.2}, and {:.2}); predictions from this update are \
                 too sure, fit again with all data",
                self.square, self.square_before, self.after, self.before
            )
        })
    }
}

/// At some parameters, on average. With r the residuals, rᵀA⁻¹r is the sum of the squares of the
/// standardized errors in whatever order: the difference is that of the new ones.
fn surprise(model: &Model, grown: &Model, at: &[Vec<f64>]) -> Result<Surprise> {
    let (mut old, mut new) = (Marginal::new(model)?, Marginal::new(grown)?);
    let n = model.data.observed_cells().count() as f64;
    let added = grown.data.observed_cells().count() as f64 - n;
    let mut sums = [0.0; 4];
    for theta in at {
        let found = [
            old.log_prob(theta)?.log_prob,
            new.log_prob(theta)?.log_prob,
            old.misfit(theta)?,
            new.misfit(theta)?,
        ];
        sums.iter_mut().zip(found).for_each(|(s, f)| *s += f / at.len() as f64);
    }
    let [log_prob_before, log_prob, misfit_before, misfit] = sums;
    Ok(Surprise {
        before: log_prob_before / n,
        after: (log_prob - log_prob_before) / added,
        square: (misfit - misfit_before) / added,
        square_before: misfit_before / n,
        log_prob,
        log_prob_before,
    })
}

/// The groups of draws with the parameters that they had and fields given all data.
fn draws(
    model: &Model,
    grown: &Model,
    fit: &Fit,
    samples: &Samples,
) -> Result<(Vec<crate::InferenceGroup>, Surprise)> {
    let natural: Vec<Vec<f64>> = (0..samples.len())
        .map(|i| model.natural(&samples.at(i)[..model.parameters.len()]))
        .collect();
    let few = natural.len().div_ceil(FEW).max(1);
    let some: Vec<Vec<f64>> = natural.iter().step_by(few).cloned().collect();
    let surprise = surprise(model, grown, &some)?;
    // Default priors come from the data, and transforms may go with them.
    let x = natural
        .iter()
        .flat_map(|theta| grown.parameters.iter().zip(theta).map(|(p, &t)| p.transform.inverse(t)));
    let dim = grown.parameters.len();
    let parameters = Samples { dim, x: x.collect(), ..*samples };
    let samples = fields_given(grown, &parameters, fit.seed)?;
    let small = samples.len() * grown.data.grid.len() <= LARGEST_GROUP;
    let unfolded = unfold(grown, &samples, small, small)?;
    let mut groups = draw_groups(grown, &samples, &unfolded, None, fit.seed)?;
    // How the parameters came about.
    groups.extend(fit.group("sample_stats").cloned());
    Ok((groups, surprise))
}

fn describe(
    summary: &mut Value,
    model: &Model,
    grown: &Model,
    surprise: &Surprise,
    merged: &Merged,
    fit: &Fit,
    seconds: f64,
) {
    let known = common(grown, &fit.method);
    for key in ["axes", "cells", "missing_cells", "gridgp_version"] {
        summary[key] = known[key].clone();
    }
    if let Some(posterior) = summary["log_posterior"].as_f64() {
        // The prior of the parameters is what it was.
        summary["log_posterior"] = json!(posterior + surprise.log_prob - surprise.log_prob_before);
    }
    if summary["log_marginal_likelihood"].is_number() {
        summary["log_marginal_likelihood"] = json!(surprise.log_prob);
    }
    if let (true, Ok(plan)) = (summary["algebra"].is_string(), Marginal::plan_of(grown)) {
        summary["algebra"] = json!(plan.algebra);
        summary["algebra_detail"] = json!(plan.detail);
    }
    // What was judged on the old data alone.
    if let Some(all) = summary.as_object_mut() {
        for key in ["loo", "fields", "standard_error", "truncation_bound", "screened_on_cells"] {
            all.remove(key);
        }
    }
    let before = &summary["updated"];
    let first = before["fitted_to_observations"].as_u64();
    let updates = before["updates"].as_u64().unwrap_or(0) + 1;
    let n = model.data.observed_cells().count();
    let along: serde_json::Map<String, Value> = grown
        .data
        .grid
        .axes()
        .iter()
        .zip(&merged.added)
        .map(|(a, n)| (a.name().to_owned(), json!(n)))
        .collect();
    summary["updated"] = json!({
        "observations_added": merged.fresh.len(),
        "observations": n + merged.fresh.len(),
        "points_added": along,
        "fitted_to_observations": first.unwrap_or(n as u64),
        "fitted_by_version": before["fitted_by_version"].as_str().unwrap_or(&fit.version),
        "updates": updates,
        "log_density_per_new_observation": surprise.after,
        "log_density_per_old_observation": surprise.before,
        "mean_square_of_new_errors": surprise.square,
        "mean_square_of_old_errors": surprise.square_before,
        "seconds": seconds,
    });
}
