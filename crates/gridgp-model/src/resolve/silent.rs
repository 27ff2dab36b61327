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
    let mut covariate = data.covariates[c].clone();
    mark_zeros(&mut covariate);
    // A zero beside a response that is not 0 is refused as a zero.
    let unknown = |cell: usize| !covariate.is_known(&data.grid.unravel(cell), &data.grid);
    if !data.observed_cells().any(unknown) {
        data.covariates[c] = covariate;
    }
}

/// Makes zeros missing.
fn mark_zeros(c: &mut Covariate) {
    let known = c.known().find(|&v| v > 0.0).unwrap_or(1.0);
    let missing = c.missing.get_or_insert_with(|| vec![false; c.values.len()]);
    for (value, missing) in c.values.iter_mut().zip(missing).filter(|(v, _)| **v == 0.0) {
        (*value, *missing) = (known, true);
    }
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
            mark_zeros(&mut covariate);
        }
        covariate
    }
}
