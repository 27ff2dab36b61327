//! Cells that say nothing: no trials, no exposure.

use gridgp_dist::Domain;
use gridgp_grid::{Covariate, Dataset};
use gridgp_likelihood::{DefaultValue, Family, Likelihood};

use super::linked::split;
use crate::Model;
use crate::language::{Expr, ExprKind, parse};
use crate::spec::ModelSpec;

/// Makes cells missing, with the covariate there, where the trials or an exposure are 0 and the
/// response is missing or a count of 0: their likelihood is 1 whatever the parameters are. A count
/// above 0 there stays, for the checks to refuse.
pub(super) fn leave_out(spec: &ModelSpec, data: &mut Dataset) {
    let Some(family) = Family::from_name(&spec.likelihood.family) else { return };
    for parameter in family.parameters() {
        let Some(entry) = spec.likelihood.parameters.get(parameter.name) else { continue };
        // What cannot be parsed is refused where the equation is read.
        let Ok(e) = parse(&entry.text()) else { continue };
        let factors = match (parameter.default, split(&e)) {
            (DefaultValue::Known(_), _) => vec![&e],
            (_, Ok(split)) if parameter.domain != Domain::Real => split.factors,
            _ => continue,
        };
        for name in factors.into_iter().filter_map(name) {
            if let Some(c) = data.covariates.iter().position(|c| c.name == name) {
                zeros_are_missing(data, c, family.is_discrete());
            }
        }
    }
}

fn name(e: &Expr) -> Option<&str> {
    match &e.kind {
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}

fn zeros_are_missing(data: &mut Dataset, c: usize, counts: bool) {
    if !data.covariates[c].values.contains(&0.0) {
        return;
    }
    let y = &data.response;
    let mut missing = y.missing.clone().unwrap_or_else(|| vec![false; y.values.len()]);
    for (cell, missing) in missing.iter_mut().enumerate() {
        let at = data.covariates[c].at(&data.grid.unravel(cell), &data.grid);
        *missing |= at == 0.0 && counts && y.values[cell] == 0.0;
    }
    if missing.contains(&true) && missing.contains(&false) {
        data.response.missing = Some(missing);
    }
    // A zero beside a count is left, to be refused as a zero.
    let mut silent = vec![true; data.covariates[c].values.len()];
    for cell in data.observed_cells() {
        silent[data.covariates[c].position(&data.grid.unravel(cell), &data.grid)] = false;
    }
    mark_zeros(&mut data.covariates[c], |point| silent[point]);
}

/// Makes zeros missing, at the points where `silent` is true.
fn mark_zeros(c: &mut Covariate, silent: impl Fn(usize) -> bool) {
    let known = c.known().find(|&v| v > 0.0).unwrap_or(1.0);
    let mut missing = c.missing.take().unwrap_or_else(|| vec![false; c.values.len()]);
    for (point, value) in c.values.iter_mut().enumerate() {
        if *value == 0.0 && silent(point) {
            (*value, missing[point]) = (known, true);
        }
    }
    c.missing = missing.contains(&true).then_some(missing);
}

impl Model {
    /// The covariate number `c` elsewhere, missing also where it is 0 if it is the trials or an
    /// exposure.
    pub fn without_zero_exposure(&self, c: usize, mut covariate: Covariate) -> Covariate {
        let exposes = self.equations.iter().zip(self.family.parameters()).any(|(e, p)| {
            let known = matches!(p.default, DefaultValue::Known(_));
            let multiplies = p.domain != Domain::Real && e.multiplier.covariates.contains(&c);
            multiplies || (known && e.predictor.terms.iter().any(|t| t.covariates.contains(&c)))
        });
        if exposes && covariate.values.contains(&0.0) {
            mark_zeros(&mut covariate, |_| true);
        }
        covariate
    }
}
