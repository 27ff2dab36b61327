//! Draws of the unknowns in the terms of the model.

use gridgp_density::{Joint, Samples};
use gridgp_grid::Result;
use gridgp_model::Model;
use rayon::prelude::*;

/// Draws in the terms of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Unfolded {
    /// For each parameter its draws, on the natural scale.
    pub parameters: Vec<Vec<f64>>,
    /// For each field its draws on the axes that it lives on: draw, cell. In the unit of the
    /// modelled response. Empty if they were not asked for.
    pub fields: Vec<Vec<f64>>,
    /// log p(y | draw) of each observed cell, of y in the unit of the data: draw, cell. Empty if it
    /// was not asked for.
    pub log_likelihood: Vec<f64>,
    /// The observed cells.
    pub cells: Vec<usize>,
}

/// Parameters, fields and pointwise log likelihood of each draw.
///
/// # Errors
/// A covariance that cannot be factorized at a draw.
pub fn unfold(
    model: &Model,
    samples: &Samples,
    with_fields: bool,
    with_log_likelihood: bool,
) -> Result<Unfolded> {
    let joint = Joint::new(model)?;
    let log_unit = model.standardization.1.ln();
    let count = model.parameters.len();
    let cells = joint.cells().to_vec();
    let natural: Vec<Vec<f64>> =
        (0..samples.len()).map(|i| model.natural(&samples.at(i)[..count])).collect();
    let parameters = (0..count).map(|j| natural.iter().map(|t| t[j]).collect()).collect();
    let mut found = Unfolded { parameters, fields: vec![], log_likelihood: vec![], cells };
    if !with_fields && !with_log_likelihood {
        return Ok(found);
    }
    let numbers: Vec<usize> = (0..samples.len()).collect();
    found.fields = vec![Vec::new(); if with_fields { model.fields.len() } else { 0 }];
    for batch in numbers.chunks(64) {
        let values: Vec<(Vec<Vec<f64>>, Vec<f64>)> = batch
            .par_iter()
            .map_init(
                || joint.clone(),
                |joint, &i| {
                    let x = samples.at(i);
                    let mut pointwise = Vec::new();
                    if with_log_likelihood {
                        pointwise.resize(joint.cells().len(), 0.0);
                        joint.log_likelihood(x, &mut pointwise)?;
                        pointwise.iter_mut().for_each(|l| *l -= log_unit);
                    }
                    let fields = if with_fields {
                        joint.fields_at(x)?.1.into_iter().map(<[f64]>::to_vec).collect()
                    } else {
                        Vec::new()
                    };
                    Ok((fields, pointwise))
                },
            )
            .collect::<Result<_>>()?;
        for (fields, pointwise) in values {
            found.fields.iter_mut().zip(fields).for_each(|(all, f)| all.extend(f));
            found.log_likelihood.extend(pointwise);
        }
    }
    Ok(found)
}
